import random

from webrtc_bridge.media.bandwidth.feedback import PacketCounts
from webrtc_bridge.media.bandwidth.loss import Loss


def note(loss, *fractions, start=0):
    """Note a report each second, of 1,000 packets more; return what `loss` makes of each."""
    lost, verdicts = 0, []
    loss.skip(PacketCounts(start, 0), 0.0)
    for second, fraction in enumerate(fractions, 1):
        lost += int(1000 * fraction)
        counts = PacketCounts((start + 1000 * second) & 0xFFFFFFFF, lost)
        verdicts.append(loss.note(counts, float(second)))
    return verdicts


def test_a_steady_loss_is_accepted():
    loss = Loss()
    assert not any(note(loss, *[0.1] * 20))
    assert loss.fills_queue


def test_one_bad_second_is_not_too_much_and_two_are():
    assert note(Loss(), 0.0, 0.25, 0.5) == [False, False, True]


def test_a_loss_above_the_most_that_is_accepted_stays_too_much():
    assert note(Loss(), *[0.4] * 20)[-1]


def test_many_reports_a_second_are_judged_together_and_by_their_packets():
    """Of four packets one is lost, and that is reported at once: a quarter, as it says itself."""
    loss, dice = Loss(), random.Random(1)
    lost = 0
    for number in range(2000):
        if dice.random() < 0.05:
            lost += 1
            assert not loss.note(PacketCounts(number, lost), number / 100)
            assert loss.newest is None or loss.newest < 0.15
    assert 0.02 < loss.average < 0.08


def test_a_report_that_completes_no_second_tells_nothing():
    loss = Loss()
    assert not loss.note(PacketCounts(100, 90), 0.0)
    assert not loss.note(PacketCounts(200, 180), 0.9)
    assert (loss.newest, loss.average) == (None, 0.0)
    loss.note(PacketCounts(300, 180), 1.1)
    assert loss.newest == 0.45
    loss.note(None, 9.0)
    assert loss.newest is None


def test_numbers_wrap_and_a_viewer_may_count_from_the_beginning_again():
    loss = Loss()
    note(loss, 0.1, 0.1, start=(1 << 32) - 500)
    assert loss.newest == 0.1
    loss.note(PacketCounts(7, 0), 9.0)
    assert loss.newest is None
    loss.note(PacketCounts(107, 50), 10.0)
    assert loss.newest == 0.5


def test_packets_that_come_twice_are_no_loss():
    loss = Loss()
    loss.skip(PacketCounts(0, 5), 0.0)
    loss.note(PacketCounts(100, 0), 1.0)
    assert loss.newest == 0.0
    loss.note(PacketCounts(100, 50), 2.0)  # no packet was expected
    assert loss.newest is None
