"""The default bit rate of a sender, for both engines."""

BITS_PER_PIXEL = 0.11
'3.0 Mbit/s at 1280x720 and 30 fps, near what video calls use.'

LOWEST_AUTOMATIC = 400_000
"""
Bit rate of small pictures. At 320x240 it would be 253 kbit/s, of which a keyframe may use so
little that the first picture has 15 dB (PSNR, test pattern); at 350 it has 38 dB, at 500 47.
"""

HIGHEST_AUTOMATIC = 20_000_000
'Bit rate of large pictures, such as 4K at 60 fps: few links and encoders can handle more.'


LOWEST_RATE = 15.0
'Below this frame rate bit rates stay the same: pictures farther apart have less in common.'


def automatic_bitrate(width: int, height: int, fps: float) -> int:
    """Return a bit rate, in bit/s, that shows this size and rate well."""
    bitrate = int(width * height * max(fps, LOWEST_RATE) * BITS_PER_PIXEL)
    return min(max(bitrate, LOWEST_AUTOMATIC), HIGHEST_AUTOMATIC)
