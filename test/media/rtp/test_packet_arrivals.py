import random

import pytest

from webrtc_bridge.media.rtp.packet_arrivals import (
    LARGEST_STEP,
    LONGEST,
    MOST_PACKETS,
    MOST_REMEMBERED,
    REMEMBERED,
    SHORTEST,
    PacketArrivals,
)
from webrtc_bridge.media.rtp.transport_feedback import TransportFeedback, parse, rtcp_packet


@pytest.fixture
def arrivals() -> PacketArrivals:
    return PacketArrivals()


def fates(reports: list[TransportFeedback]) -> dict[int, float | None]:
    """Return the time of each reported packet, in whole milliseconds; None of a missing one."""
    found: dict[int, float | None] = {}
    for report in reports:
        read = parse(rtcp_packet(report, 1, 2)[4:])
        assert read == report
        found |= {(read.first + n) & 0xFFFF: None for n in range(read.count)}
        found |= {number: round(tick / 4) / 1000 for number, tick in read.arrivals}
    return found


def test_packets_are_reported_once_with_their_times(arrivals: PacketArrivals) -> None:
    for number in range(3):
        arrivals.note(65534 + number & 0xFFFF, 1000, 5.0 + number / 100)
    assert fates(arrivals.reports(5.1)) == {65534: 5.0, 65535: 5.01, 0: 5.02}
    assert arrivals.reports(5.2) == []
    arrivals.note(1, 1000, 5.25)
    assert fates(arrivals.reports(5.3)) == {1: 5.25}


def test_what_is_missing_is_reported_too(arrivals: PacketArrivals) -> None:
    arrivals.note(7, 1000, 5.0)
    arrivals.note(10, 1000, 5.0)
    assert fates(arrivals.reports(5.1)) == {7: 5.0, 8: None, 9: None, 10: 5.0}
    arrivals.note(12, 1000, 5.5)
    assert fates(arrivals.reports(5.6)) == {11: None, 12: 5.5}


def test_reports_are_numbered(arrivals: PacketArrivals) -> None:
    counted = []
    for number in range(258):
        arrivals.note(number, 1000, number / 10)
        counted += [report.report for report in arrivals.reports(number / 10)]
    assert counted == [*range(256), 0, 1]


def test_a_packet_that_comes_late_is_reported_with_those_behind_it(
    arrivals: PacketArrivals,
) -> None:
    for number in (1, 3, 4):
        arrivals.note(number, 1000, 5.0)
    assert fates(arrivals.reports(5.05)) == {1: 5.0, 2: None, 3: 5.0, 4: 5.0}
    arrivals.note(2, 1000, 5.06)
    arrivals.note(5, 1000, 5.07)
    assert fates(arrivals.reports(5.1)) == {2: 5.06, 3: 5.0, 4: 5.0, 5: 5.07}


def test_a_packet_that_comes_much_too_late_is_left_out(arrivals: PacketArrivals) -> None:
    for number in (1, 3, 4):
        arrivals.note(number, 1000, 5.0)
    arrivals.reports(5.05)
    later = 5.06 + 2 * REMEMBERED
    arrivals.note(5, 1000, later)
    arrivals.reports(later)
    arrivals.note(2, 1000, later)
    assert arrivals.reports(later) == []
    # Neither does it bring back what has been forgotten by then.
    arrivals.note(6, 1000, later + 20)
    arrivals.note(2, 1000, later + 20)
    assert fates(arrivals.reports(later + 20)) == {6: later + 20}


def test_a_packet_that_comes_twice_came_the_first_time(arrivals: PacketArrivals) -> None:
    arrivals.note(1, 1000, 5.0)
    arrivals.note(1, 1000, 5.01)
    assert fates(arrivals.reports(5.05)) == {1: 5.0}


def test_many_packets_take_several_reports_each_of_one_datagram(arrivals: PacketArrivals) -> None:
    for number in range(1000):
        arrivals.note(number, 1000, 5.0 + (number % 7) / 10)
    reports = arrivals.reports(5.7)
    assert len(reports) == -(-1000 // MOST_PACKETS)
    assert all(len(rtcp_packet(report, 1, 2)) < 1400 for report in reports)
    assert list(fates(reports)) == list(range(1000))


def test_packets_on_both_sides_of_a_long_pause_are_in_two_reports(
    arrivals: PacketArrivals,
) -> None:
    arrivals.note(1, 1000, 5.0)
    arrivals.note(2, 1000, 50.0)
    reports = arrivals.reports(50.1)
    assert [report.count for report in reports] == [1, 1]
    assert fates(reports) == {1: 5.0, 2: 50.0}


@pytest.mark.parametrize('step', [LARGEST_STEP, -LARGEST_STEP, 30_000])
def test_a_sender_that_begins_again_is_followed(arrivals: PacketArrivals, step: int) -> None:
    arrivals.note(20_000, 1000, 5.0)
    arrivals.note(20_000 + step, 1000, 5.1)
    assert fates(arrivals.reports(5.2)) == {20_000 + step & 0xFFFF: 5.1}


@pytest.mark.parametrize(
    ('apart', 'shortest', 'longest'),
    [(0.8, LONGEST, LONGEST), (0.16, 0.19, 0.23), (0.0016, SHORTEST, SHORTEST)],
    ids=['10 kbit/s', '50 kbit/s', '5 Mbit/s'],
)
def test_the_time_between_reports_keeps_them_to_their_share(
    arrivals: PacketArrivals, apart: float, shortest: float, longest: float
) -> None:
    """A report about one packet has 66 bytes: 5 % of 50 kbit/s is one of them every 0.21 s."""
    for number in range(200):
        arrivals.note(number, 1000, number * apart)
        if number % max(1, round(0.1 / apart)) == 0:
            arrivals.reports(number * apart)
    assert shortest <= arrivals.interval <= longest


@pytest.mark.parametrize('seed', range(10))
def test_whatever_numbers_come_the_reports_can_be_written(seed: int) -> None:
    chance, arrivals, now = random.Random(seed), PacketArrivals(), 0.0
    for _ in range(3000):
        near = chance.choice((1, 10, 3000, 65536))
        arrivals.note(chance.randrange(near) + chance.randrange(3) * 4000 & 0xFFFF, 1, now)
        now += chance.choice((0.0, 0.0, 0.001, 0.1, 20.0))
        if chance.random() < 0.02:
            fates(arrivals.reports(now))


def test_what_is_remembered_is_bounded(arrivals: PacketArrivals) -> None:
    for number in range(3 * MOST_REMEMBERED):
        arrivals.note(number & 0xFFFF, 1000, 5.0)
    assert len(fates(arrivals.reports(5.1))) <= MOST_REMEMBERED


def test_a_duplicate_of_what_is_forgotten_is_not_reported(arrivals: PacketArrivals) -> None:
    arrivals.note(1, 1000, 5.0)
    arrivals.reports(5.1)
    arrivals.note(1, 1000, 6.0)
    assert arrivals.reports(6.05) == []
    arrivals.note(2, 1000, 6.1)
    assert fates(arrivals.reports(6.15)) == {2: 6.1}


def test_empty_packets_are_reported_as_rarely_as_can_be(arrivals: PacketArrivals) -> None:
    for number in (1, 2):
        arrivals.note(number, 0, float(number))
        assert fates(arrivals.reports(number + 0.1)) == {number: float(number)}
    assert arrivals.interval == LONGEST
