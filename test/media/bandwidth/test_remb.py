from webrtc_bridge.media.bandwidth.remb import INTERVAL, Remb


def test_a_first_estimate_is_not_rising():
    assert not Remb().note(100_000, 0.0)


def test_an_estimate_is_rising_if_it_is_higher_than_some_time_ago():
    remb = Remb()
    remb.note(100_000, 0.0)
    assert not remb.note(101_000, 1.0)
    assert remb.note(110_000, 1.5)


def test_estimates_in_quick_succession_are_compared_with_the_same_one():
    remb = Remb()
    remb.note(100_000, 0.0)
    assert remb.note(105_000, INTERVAL / 4)
    assert remb.note(105_500, INTERVAL / 2)
    assert remb.estimate == 100_000
