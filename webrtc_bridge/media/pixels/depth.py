"""Depth images as pictures that people and video encoders can use."""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt

from webrtc_bridge.errors import OptionError
from webrtc_bridge.media.pixels.raw_image import Pixels, RawImage

BLACK, WHITE = 16, 235
'Luma of the limited range.'

ENCODINGS = ('16UC1', '32FC1')


@dataclass(frozen=True)
class DepthRange:
    """
    A linear scale from white at `near` metres to black at `far` metres.

    Nearer is white, farther is black, and so are pixels without a measurement. The units are those
    of REP 118: 16UC1 counts millimetres, and 0 means no measurement; 32FC1 is in metres, and NaN,
    infinity and 0 mean none.

    Raises: OptionError, unless `far` is beyond `near`.
    """

    near: float
    far: float

    def __post_init__(self) -> None:
        if not self.far > self.near:
            raise OptionError('depth_far', self.far, f'more than depth_near ({self.near:g} m)')

    def luma(self, image: RawImage) -> Pixels:
        """
        Return the luma, in the limited range, of an image in one of `ENCODINGS`.

        Raises: ImageError.
        """
        if image.encoding == '16UC1':
            # A table costs less than arithmetic on every pixel.
            shades: Pixels = self._of_millimetres[image.samples('u2')]
            return shades
        return self._shade(image.samples('f4'))

    @cached_property
    def _of_millimetres(self) -> Pixels:
        return self._shade(np.arange(1 << 16) / 1000)

    def _shade(self, metres: npt.NDArray[Any]) -> Pixels:
        slope = (WHITE - BLACK) / (self.far - self.near)
        # In single precision and in place: 720p in 3 ms instead of 16.
        with np.errstate(invalid='ignore'):
            shades = np.multiply(metres, -slope, dtype=np.float32)
            shades += self.far * slope + BLACK + 0.5
            np.clip(shades, BLACK, WHITE + 0.5, out=shades)
            shades[~(metres > 0)] = BLACK  # NaN too
        luma: Pixels = shades.astype(np.uint8)
        return luma
