"""The default bit rate of a sender, for both engines."""

REFERENCE, REFERENCE_PIXELS, REFERENCE_RATE = 3_000_000, 1280 * 720, 30
"""
Bit/s, the size and the pictures a second that they are for. They look good with our encoder: 39 dB
(PSNR) for a texture that moves, 43 dB for a cartoon.
"""

PIXELS_EXPONENT = 0.75
"""
Small pictures need more bits per pixel: with as many as above, one clip has 43.5 dB at 1280x720,
37.9 at 640x480, 34.3 at 320x240 and 31.7 at 160x120. This exponent gives the first three 43.4,
39.2 and 37.3.
"""

RATE_EXPONENT = 0.5
"""
Pictures farther apart have less in common: four clips are as good at half the rate with 0.65 to
0.85 of the bits, and at a quarter with 0.45 to 0.6.
"""

LOWEST_AUTOMATIC = 400_000
"""
Bit rate of small pictures. With less, a keyframe may use so little that the first picture of a
test pattern of 320x240 has 15 dB (PSNR); at 350 it has 38 dB, at 500 47.
"""

HIGHEST_AUTOMATIC = 20_000_000
'Bit rate of large pictures, such as 4K at 60 fps: few links and encoders can handle more.'


LOWEST_RATE = 4.0
'Below this frame rate bit rates stay the same: a picture would arrive late.'


def automatic_bitrate(width: int, height: int, fps: float) -> int:
    """Return a bit rate, in bit/s, that shows this size and rate well."""
    for_size: float = (width * height / REFERENCE_PIXELS) ** PIXELS_EXPONENT
    for_rate: float = (max(fps, LOWEST_RATE) / REFERENCE_RATE) ** RATE_EXPONENT
    bitrate = round(REFERENCE * for_size * for_rate)
    return min(max(bitrate, LOWEST_AUTOMATIC), HIGHEST_AUTOMATIC)
