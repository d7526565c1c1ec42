from webrtc_bridge.receiving.idleness import IDLE_AFTER, Idleness


def test_a_receiver_is_idle_once_nobody_has_wanted_its_video_for_a_while() -> None:
    idleness = Idleness()
    assert not idleness.note(False, 100.0)
    assert not idleness.note(False, 100.0 + IDLE_AFTER - 0.1)
    assert idleness.note(False, 100.0 + IDLE_AFTER)


def test_it_is_not_from_when_somebody_wants_it_on() -> None:
    idleness = Idleness()
    idleness.note(False, 100.0)
    assert idleness.note(False, 110.0)
    assert not idleness.note(True, 110.1)
    assert not idleness.note(False, 110.1 + IDLE_AFTER / 2)
    assert idleness.note(False, 110.1 + IDLE_AFTER)
