from array import array

from webrtc_bridge.media.rtp.sent_packets import MOST_LOOKS, REMEMBERED, SentPackets
from webrtc_bridge.media.rtp.transport_feedback import TransportFeedback


def sent(count: int, start: int = 0) -> SentPackets:
    """Return packets of 100 bytes of which the first is sent at 0, the next at 1."""
    packets = SentPackets()
    packets.next = start
    for second in range(count):
        packets.times[packets.next % REMEMBERED] = second
        packets.sizes[packets.next % REMEMBERED] = 100
        packets.next += 1
    return packets


def test_numbers_wrap() -> None:
    packets = sent(4, start=0xFFFE)
    feedback = TransportFeedback(0xFFFE, 4, 0, ((0xFFFE, 4000), (1, 8000)))
    assert packets.results(feedback) == [
        (0.0, 1.0, 100, False),
        (1.0, None, 100, False),
        (2.0, None, 100, False),
        (3.0, 2.0, 100, False),
    ]


def test_an_arrival_counts_once_and_one_reported_missing_may_come_later() -> None:
    packets = sent(2)
    assert len(packets.results(TransportFeedback(0, 2, 0, ((0, 4000),)))) == 2
    assert packets.results(TransportFeedback(0, 2, 0, ((0, 4000), (1, 8000)))) == [
        (1.0, 2.0, 100, False)
    ]


def test_a_packet_that_is_reported_missing_twice_is_lost_once() -> None:
    packets = sent(3)
    assert len(packets.results(TransportFeedback(0, 3, 0, ((2, 4000),)))) == 3
    late = packets.results(TransportFeedback(0, 3, 1, ((1, 6000), (2, 4000))))
    assert late == [(1.0, 1.5, 100, False)]


def test_what_was_never_sent_or_is_forgotten_says_nothing() -> None:
    packets = sent(3)
    assert packets.results(TransportFeedback(3, 2, 0, ((3, 4000), (4, 8000)))) == []
    assert packets.results(TransportFeedback(0xFFF0, 2, 0, ((0xFFF0, 4000),))) == []
    packets = sent(REMEMBERED + 10)
    assert packets.results(TransportFeedback(5, 2, 0, ((5, 4000),))) == []


def test_the_receivers_clock_wraps() -> None:
    packets = sent(2)
    feedback = TransportFeedback(0, 2, 0, ((0, 0xFFFFFFFF), (1, 3999)))
    first, second = (result.arrived or 0.0 for result in packets.results(feedback))
    assert second - first == 1.0


def test_the_pieces_of_a_large_frame_have_times_of_their_own() -> None:
    packets = sent(4)
    packets.postpone(2, 2, 9.0)
    assert [*packets.times[:4]] == [0.0, 1.0, 9.0, 9.0]


def test_reports_cannot_have_more_looked_up_than_is_in_proportion_to_what_was_sent() -> None:
    packets = sent(REMEMBERED)
    missing = TransportFeedback(0, REMEMBERED, 0, ())

    def looks() -> int:
        count = 0
        for _ in range(50):
            packets.sizes[:] = array('H', [100]) * REMEMBERED
            count += len(packets.results(missing))
        return count

    assert 0 < looks() <= MOST_LOOKS
    packets.next += 1000
    assert looks() <= MOST_LOOKS
    packets.next += 2 * REMEMBERED
    assert packets.results(TransportFeedback(packets.next - 1 & 0xFFFF, 1, 0, ()))


def test_one_report_for_each_packet_is_always_read() -> None:
    packets = SentPackets()
    for number in range(3000):
        packets.note_retransmission(100, float(number))
        feedback = TransportFeedback(number, 1, 0, ((number, 4000 * number),))
        assert len(packets.results(feedback)) == 1
