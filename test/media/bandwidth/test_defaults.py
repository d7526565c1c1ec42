import pytest

from webrtc_bridge.media.bandwidth.defaults import automatic_bitrate


def test_the_automatic_bit_rate_grows_with_size_and_rate() -> None:
    assert automatic_bitrate(1280, 720, 30.0) == pytest.approx(3_000_000, rel=0.05)
    assert automatic_bitrate(640, 480, 30.0) < automatic_bitrate(640, 480, 60.0)


def test_the_automatic_bit_rate_has_bounds() -> None:
    assert automatic_bitrate(320, 240, 30.0) == 400_000
    assert automatic_bitrate(3840, 2160, 60.0) == 20_000_000
