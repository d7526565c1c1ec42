"""
x264's settings, the same for both engines.

Measured on bigbuckbunny at 1280x720 and 30 fps, at 1 and 3 Mbit/s (mean PSNR of luma, CPU of a
picture): `ultrafast` alone 32.1 dB and 3.0 ms, 36.9 dB and 3.8 ms; with deblocking and subpixel
motion 36.2 dB and 4.0 ms, 43.6 dB and 5.0 ms; `superfast` without adaptive quantization 37.3 dB
and 4.7 ms, 44.5 dB and 6.2 ms. `python -m benchmark quality` has more.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class X264Settings:
    """
    A preset, and what differs from it, in x264's own syntax.

    The options add the most valuable of what `ultrafast` leaves out: deblocking, and motion by
    parts of a pixel.
    """

    preset: str = 'ultrafast'
    options: str = 'no-deblock=0:subme=1'


DEFAULT = X264Settings()

TUNE = 'zerolatency'

VBV_SECONDS = 0.15
"""
Seconds of the bit rate that one picture may use at once. Without a bound a keyframe of a detailed
720p picture has 100 kB, a quarter of a second on a 3 Mbit/s link; with it, a third of that.
"""

THREADS = 2
'Slices of a picture that are encoded in parallel; unlike frame threads they add no delay.'
