"""
The settings of x264 and libvpx, the same for both engines.

Those of x264 were measured on bigbuckbunny at 1280x720 and 30 fps, at 1 and 3 Mbit/s (mean PSNR of
luma, CPU of a picture): `ultrafast` alone 32.1 dB and 3.0 ms, 36.9 dB and 3.8 ms; with deblocking
and subpixel motion 36.2 dB and 4.0 ms, 43.6 dB and 5.0 ms; `superfast` without adaptive
quantization 37.3 dB and 4.7 ms, 44.5 dB and 6.2 ms. `python -m benchmark quality` has more.
"""

import os
from dataclasses import dataclass


@dataclass(frozen=True)
class X264Settings:
    """
    A preset, and what differs from it, in x264's own syntax.

    The options add the most valuable of what `ultrafast` leaves out: deblocking, and motion by
    parts of a pixel. Constrained Baseline is the one profile that aiortc and every browser accept
    (RFC 7742).
    """

    preset: str = 'ultrafast'
    options: str = 'no-deblock=0:subme=1'
    profile: str = 'Constrained Baseline'


DEFAULT = X264Settings()

HIGH = X264Settings(options='no-deblock=0:subme=1:cabac=1:8x8dct=1', profile='High')
"""
For viewers that all accept it: arithmetic coding and 8x8 transforms, 1 to 1.3 dB more for 1.1
times the CPU time.
"""

TUNE = 'zerolatency'

VBV_SECONDS = 0.15
"""
Seconds of the bit rate that one picture may use at once. Without a bound a keyframe of a detailed
720p picture has 100 kB, a quarter of a second on a 3 Mbit/s link; with it, a third of that.
"""

MOST_SLICES = 2
'Slices of a picture that are encoded in parallel; unlike frame threads they add no delay.'

UNDIVIDED = 400 * 300
"""
Pixels up to which a picture is one slice: threads that wait for each other cost more than they
save, a third of the CPU time at 160x120 and a tenth at 320x240.
"""


VP8_DROP_BELOW = 30
"""
Percent of libvpx's buffer below which it skips pictures. Otherwise each picture takes at least
what the coarsest quantizer leaves: twice the wanted rate if that is low (640x360 at 50 kbit/s).
"""

VP8_SPEED = -8
"""
The constant speed of libvpx, of 16. Positive, it would be a bound, and libvpx faster whenever the
machine is busy with something else: at 1280x720 and 1 Mbit/s one clip has 37.1 dB at this speed,
and at the bound between 32.2 and 37.2, for the same CPU time.
"""

VP8_THREADS = 1
"""
More threads of libvpx wait for each other row by row without sleeping. On a busy machine with 2
cores two take nine times the CPU time of one at 1920x1080 (167 and 18 ms), and so the real time.
"""


def slices(width: int, height: int) -> int:
    """Return the number of slices, and of threads, for pictures of this size."""
    return 1 if width * height <= UNDIVIDED else min(MOST_SLICES, os.cpu_count() or 1)
