import pytest

from webrtc_bridge.media.bandwidth.defaults import automatic_bitrate


@pytest.mark.parametrize(
    ('width', 'height', 'fps', 'bitrate'),
    [
        (1280, 720, 30, 3_000_000),
        (1280, 720, 120, 6_000_000),
        (1280, 720, 7.5, 1_500_000),
        (320, 180, 30, 400_000),  # a sixteenth of the pixels, an eighth of the bits: the lowest
        (640, 360, 30, 1_060_660),
        (5120, 2880, 30, 20_000_000),  # 16 times the pixels, 8 times the bits: the highest
        (3840, 2160, 30, 15_588_457),
        (640, 480, 1, 480_562),  # as at 4 fps
    ],
)
def test_the_automatic_bit_rate_grows_more_slowly_than_pixels_and_pictures(
    width, height, fps, bitrate
) -> None:
    assert automatic_bitrate(width, height, float(fps)) == pytest.approx(bitrate, rel=1e-5)
