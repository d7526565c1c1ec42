"""An uncompressed ROS image, and its rows as numpy arrays."""

from array import array
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from webrtc_bridge.errors import WebrtcBridgeError

Pixels = npt.NDArray[np.uint8]


class ImageError(WebrtcBridgeError):
    """An image cannot be shown: ``what`` is wrong with it, and what was ``expected``."""

    def __init__(self, what: str, expected: str) -> None:
        super().__init__(what, expected)
        self.what = what
        self.expected = expected

    def __str__(self) -> str:
        return f'{self.what}, expected {self.expected}'


@dataclass(frozen=True, slots=True)
class RawImage:
    """
    The fields of a `sensor_msgs/Image`.

    `data` holds at least `height` rows of `step` bytes, which may end in padding.
    """

    encoding: str
    width: int
    height: int
    step: int
    data: 'bytes | bytearray | memoryview | array[int] | Pixels'
    is_bigendian: bool = False

    def rows(self, bytes_per_pixel: int) -> Pixels:
        """
        Return the pixels without padding, of shape (height, width * bytes_per_pixel); a view.

        Raises: ImageError.
        """
        return self.lines(self.height, self.width * bytes_per_pixel)

    def lines(self, number: int, length: int) -> Pixels:
        """
        Return `number` lines of `length` bytes; a planar image has more lines than its height.

        Raises: ImageError.
        """
        if self.width < 2 or self.height < 2:
            raise ImageError(f'image of {self.width}x{self.height}', 'at least 2x2 pixels')
        if self.step < length:
            size = f'{self.width} pixels of {self.encoding}'
            raise ImageError(f'step of {self.step} for {size}', f'at least {length} bytes')
        flat = np.frombuffer(self.data, np.uint8)
        needed = number * self.step
        if flat.size < needed:
            size = f'{self.width}x{self.height} in {self.encoding} with step {self.step}'
            raise ImageError(f'{flat.size} bytes of data for {size}', f'{needed} bytes')
        return flat[:needed].reshape(number, self.step)[:, :length]

    def samples(self, number_type: str) -> npt.NDArray[Any]:
        """
        Return the single value of each pixel, of shape (height, width); `number_type` is u2 or f4.

        Raises: ImageError.
        """
        dtype = np.dtype(f'{">" if self.is_bigendian else "<"}{number_type}')
        rows = self.rows(dtype.itemsize)
        if self.step % dtype.itemsize:
            rows = np.ascontiguousarray(rows)
        return rows.view(dtype)
