from webrtc_bridge.media.bandwidth.loss import Loss


def test_a_steady_loss_is_accepted():
    loss = Loss()
    assert not any(loss.note(0.1) for _ in range(20))
    assert loss.fills_queue


def test_one_bad_report_is_not_too_much_and_two_are():
    loss = Loss()
    assert not loss.note(0.0)
    assert not loss.note(0.25)
    assert loss.note(0.5)


def test_a_loss_above_the_most_that_is_accepted_stays_too_much():
    loss = Loss()
    for _ in range(20):
        too_much = loss.note(0.4)
    assert too_much
