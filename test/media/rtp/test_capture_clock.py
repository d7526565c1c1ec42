import pytest

from webrtc_bridge.media.rtp.capture_clock import CaptureClock, from_ntp, to_ntp

NOW = 1_790_000_000_123_456_789


def test_ntp_time_and_back_is_exact_to_a_nanosecond() -> None:
    assert abs(from_ntp(to_ntp(NOW)) - NOW) <= 1


def test_ntp_time_counts_from_1900() -> None:
    assert to_ntp(0) >> 32 == 2_208_988_800


def test_before_a_report_nothing_is_known() -> None:
    assert CaptureClock().time_ns(1234) is None


def test_a_report_without_a_time_is_ignored() -> None:
    clock = CaptureClock()
    clock.report(1234, 0)
    assert clock.time_ns(1234) is None


@pytest.mark.parametrize(
    ('reported', 'timestamp', 'seconds'),
    [
        (90_000, 90_000, 0.0),
        (90_000, 180_000, 1.0),
        (180_000, 90_000, -1.0),
        (0xFFFFFFFF - 44_999, 45_000, 1.0),  # wraps in between
        (45_000, 0xFFFFFFFF - 44_999, -1.0),
    ],
)
def test_a_frame_is_as_far_from_the_report_as_its_timestamp(
    reported: int, timestamp: int, seconds: float
) -> None:
    clock = CaptureClock()
    clock.report(reported, to_ntp(NOW))
    found = clock.time_ns(timestamp)
    assert found is not None
    assert found - NOW == pytest.approx(seconds * 1e9, abs=2)


@pytest.mark.parametrize('seconds', [-1.5, 1.5, 3600.0, -2592000.0])
def test_a_report_shows_that_the_senders_clock_was_set(seconds: float) -> None:
    clock = CaptureClock()
    assert not clock.report(90_000, to_ntp(NOW))
    assert not clock.report(180_000, to_ntp(NOW + 1_030_000_000))
    assert clock.report(270_000, to_ntp(NOW + 2_000_000_000 + round(seconds * 1e9)))
    assert not clock.report(360_000, to_ntp(NOW + 3_000_000_000 + round(seconds * 1e9)))


ERA_1 = 2_085_978_496_000_000_000
'When 32 bits of seconds since 1900 begin again: 2036-02-07 06:28:16 UTC (RFC 5905, figure 4).'


@pytest.mark.parametrize('now', [0, ERA_1 - 1, ERA_1, ERA_1 + 1, 2_114_380_800_123_456_789])
def test_times_of_1970_and_of_the_next_era_are_sent_in_64_bits(now: int) -> None:
    assert 0 <= to_ntp(now) < 1 << 64
    assert abs(from_ntp(to_ntp(now)) - now) <= 1


def test_the_next_era_begins_at_0() -> None:
    assert to_ntp(ERA_1) == 0
    assert to_ntp(ERA_1 + 1_500_000_000) == 0x1_8000_0000


def test_frames_have_their_times_over_the_end_of_an_era() -> None:
    clock = CaptureClock()
    clock.report(90_000, to_ntp(ERA_1 - 1_000_000_000))
    assert clock.time_ns(270_000) == ERA_1 + 1_000_000_000
