"""The fate of packets, as GStreamer's RTP session tells it."""

from webrtc_bridge.gstreamer.peer.arrivals import UNKNOWN, Arrivals
from webrtc_bridge.media.rtp.sent_packets import MOST_LOOKS, PacketResult
from webrtc_bridge.media.rtp.transport_feedback import MOST_STATUSES

VIDEO, AGAIN = 96, 101
MS = 1_000_000
WRAP = 64 * MS << 24
'The nanoseconds after which the reference time of a report begins again.'


class Fields(dict):
    """A structure."""

    get_value = dict.__getitem__


def packet(number, sent, arrived, payload_type=b'`'):
    """Return the fate of packet `number`, with times in ns; None means missing."""
    return Fields(
        {
            'seqnum': number,
            'local-ts': sent,
            'remote-ts': UNKNOWN if arrived is None else arrived,
            'payload-type': payload_type,
            'size': 100 + number,
            'lost': arrived is None,
        }
    )


def report(*packets):
    """Return the structure of an event."""
    return Fields(packets=list(packets))


def test_packets_arrive_or_are_missing_and_retransmissions_have_another_type() -> None:
    results = Arrivals(VIDEO).results(
        report(
            packet(0, 1000 * MS, 48 * MS),
            packet(1, 1001 * MS, None),
            packet(2, 1002 * MS, 49 * MS, b'e'),
            packet(3, 1003 * MS, 50 * MS, 'e'),
            packet(4, 1004 * MS, 51 * MS, AGAIN),
        )
    )
    assert [
        each._replace(arrived=each.arrived and round(each.arrived, 6)) for each in results
    ] == [
        PacketResult(1.0, 0.048, 100),
        PacketResult(1.001, None, 101),
        PacketResult(1.002, 0.049, 102, True),
        PacketResult(1.003, 0.05, 103, True),
        PacketResult(1.004, 0.051, 104, True),
    ]


def test_a_packet_counts_once_and_one_reported_missing_may_come_later() -> None:
    arrivals = Arrivals(VIDEO)
    first = report(packet(0, MS, None), packet(1, 2 * MS, 48 * MS))
    assert len(arrivals.results(first)) == 2
    # The session forgets all that a report is about, but for the last packet.
    second = report(packet(0, UNKNOWN, 60 * MS), packet(1, 2 * MS, 48 * MS))
    assert arrivals.results(second) == (PacketResult(0.001, 0.06, 100),)
    assert arrivals.results(second) == ()
    assert arrivals.results(first) == ()


def test_packets_that_were_never_sent_do_not_count() -> None:
    arrivals = Arrivals(VIDEO)
    assert arrivals.results(report(packet(30_000, UNKNOWN, MS), packet(7, UNKNOWN, None))) == ()
    assert arrivals.results(report(packet(0, MS, MS))) == (PacketResult(0.001, 0.001, 100),)


def test_losses_that_the_session_makes_of_a_wrap_do_not_count() -> None:
    made = [packet(number, MS, None) for number in range(MOST_STATUSES)]
    assert Arrivals(VIDEO).results(report(*made, packet(0xFFFF, MS, MS), packet(0, MS, MS))) == ()


def test_numbers_and_times_of_arrival_wrap() -> None:
    results = Arrivals(VIDEO).results(report(packet(0xFFFF, MS, WRAP - MS), packet(0, 2 * MS, MS)))
    first, second = (result.arrived for result in results)
    assert first is not None
    assert second is not None
    assert round(second - first, 6) == 0.002


def test_reports_on_more_than_is_sent_are_not_read_for_a_while() -> None:
    arrivals = Arrivals(VIDEO)
    assert arrivals.may_look(65_000)
    arrivals.results(report(*[packet(1, UNKNOWN, None)] * (2 * MOST_LOOKS)))
    assert not arrivals.may_look(65_001)
    assert arrivals.may_look((65_000 + 600) % 65_536)
    assert arrivals.may_look(10)
