from webrtc_bridge.media.bandwidth.sent_rate import LONGEST_WINDOW, WINDOW, SentRate


def test_a_rate_is_known_once_the_window_has_passed():
    sent = SentRate()
    sent.note(0.0, 0)
    sent.note(WINDOW / 2, 1000)
    assert sent.measure(WINDOW / 2) is None
    sent.note(1.0, 5000)
    assert sent.measure(1.0) == 40_000


def test_what_was_sent_long_ago_counts_no_more():
    sent = SentRate()
    sent.note(0.0, 0)
    sent.note(LONGEST_WINDOW + 1, 10**9)
    assert sent.measure(LONGEST_WINDOW + 1) is None


def test_the_excess_is_what_the_link_did_not_carry():
    sent = SentRate()
    sent.note(10.0, 1000)
    sent.note(12.0, 6000)
    assert sent.excess(15_000, 12.0) == 10_000


def test_after_a_restart_the_newest_sample_is_the_oldest():
    sent = SentRate()
    sent.note(0.0, 0)
    sent.note(1.0, 1000)
    sent.restart()
    sent.note(2.0, 3000)
    assert sent.measure(2.0) == 16_000
