"""A camera's calibration: the content of `sensor_msgs/CameraInfo`, scalable."""

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from webrtc_bridge.errors import OptionError

LENGTHS = {'k': 9, 'r': 9, 'p': 12}
MOST_COEFFICIENTS = 64
LARGEST_SIDE = 65535
SAME_SHAPE = 0.01
'Largest difference between the horizontal and the vertical scale that rounding explains.'


@dataclass(frozen=True)
class Region:
    """The part of the sensor's picture that is sent; a width or height of 0 means all of it."""

    x_offset: int = 0
    y_offset: int = 0
    width: int = 0
    height: int = 0
    do_rectify: bool = False


@dataclass(frozen=True)
class Calibration:
    """The fields of CameraInfo, with its meanings (REP 104); k, r and p row by row."""

    width: int
    height: int
    distortion_model: str = ''
    d: tuple[float, ...] = ()
    k: tuple[float, ...] = (0.0,) * 9
    r: tuple[float, ...] = (0.0,) * 9
    p: tuple[float, ...] = (0.0,) * 12
    binning_x: int = 0
    binning_y: int = 0
    roi: Region = Region()
    camera_name: str = ''

    @property
    def known(self) -> bool:
        """Return whether the camera is calibrated; a rectified one may have P alone."""
        return self.k[0] != 0.0 or self.p[0] != 0.0

    @property
    def picture_size(self) -> tuple[int, int]:
        """Width and height of the pictures that the calibration fits unscaled."""
        width, height = self._region_size
        return width // max(1, self.binning_x), height // max(1, self.binning_y)

    @property
    def _region_size(self) -> tuple[int, int]:
        return self.roi.width or self.width, self.roi.height or self.height

    def has_shape_of(self, width: int, height: int) -> bool:
        """Return whether pictures of that size can be scaled versions of the calibrated ones."""
        if not self.known:
            return True
        own_width, own_height = self.picture_size
        return abs(width * own_height / (height * own_width) - 1) <= SAME_SHAPE

    def scaled_to(self, width: int, height: int) -> 'Calibration':
        """Return the calibration for pictures of another size that show the same scene."""
        if (width, height) == self.picture_size:
            return self
        if not self.known:
            return dataclasses.replace(
                self, width=width, height=height, binning_x=0, binning_y=0, roi=Region()
            )
        # Binning is a scale, and the corner of the region becomes the origin.
        region_width, region_height = self._region_size
        sx, sy = width / region_width, height / region_height
        return dataclasses.replace(
            self,
            width=width,
            height=height,
            k=self._scaled(self.k, sx, sy),
            p=self._scaled(self.p, sx, sy),
            binning_x=0,
            binning_y=0,
            roi=Region(do_rectify=self.roi.do_rectify),
        )

    def _scaled(self, matrix: tuple[float, ...], sx: float, sy: float) -> tuple[float, ...]:
        """Return the 3x3 or 3x4 `matrix` for scaled pixels."""
        if not any(matrix):
            return matrix  # unknown
        columns = len(matrix) // 3
        rows = [list(matrix[i : i + columns]) for i in range(0, len(matrix), columns)]
        rows[0][2] -= self.roi.x_offset
        rows[1][2] -= self.roi.y_offset
        return (*(sx * value for value in rows[0]), *(sy * value for value in rows[1]), *rows[2])


def calibration_from(info: Mapping[str, Any]) -> Calibration:
    """
    Return the calibration of `info`, the fields of CameraInfo without its header by name, checked.

    Numbers may be written as text. Missing fields have the defaults of CameraInfo; unknown ones
    are ignored.

    Raises: OptionError, naming the field.
    """
    roi = info.get('roi') or {}
    if not isinstance(roi, Mapping):
        raise OptionError('roi', roi, 'x_offset, y_offset, width, height and do_rectify')
    region = Region(
        *(_size(roi, name) for name in ('x_offset', 'y_offset', 'width', 'height')),
        do_rectify=bool(roi.get('do_rectify')),
    )
    calibration = Calibration(
        width=_size(info, 'width'),
        height=_size(info, 'height'),
        distortion_model=_text(info, 'distortion_model'),
        d=_numbers(info, 'd', None),
        binning_x=_size(info, 'binning_x'),
        binning_y=_size(info, 'binning_y'),
        roi=region,
        camera_name=_text(info, 'camera_name'),
        **{name: _numbers(info, name, length) for name, length in LENGTHS.items()},
    )
    if calibration.known and 0 in calibration.picture_size:
        size = calibration.width, calibration.height
        raise OptionError('width, height', size, 'the size of the pictures it was made from')
    return calibration


def _size(info: Mapping[str, Any], name: str) -> int:
    value = info.get(name, 0)
    if type(value) is not int or not 0 <= value <= LARGEST_SIDE:
        raise OptionError(name, value, f'a whole number from 0 to {LARGEST_SIDE}')
    return value


def _text(info: Mapping[str, Any], name: str) -> str:
    value = info.get(name, '')
    if type(value) is not str or len(value) > 256 or not value.isprintable():
        raise OptionError(name, value, 'a short text')
    return value


def _numbers(info: Mapping[str, Any], name: str, length: int | None) -> tuple[float, ...]:
    value = info.get(name, (0.0,) * (length or 0))
    wanted = (
        f'{length} finite numbers' if length else f'at most {MOST_COEFFICIENTS} finite numbers'
    )
    error = OptionError(name, value, wanted)
    if isinstance(value, (str, bytes, Mapping)):
        raise error
    try:
        # PyYAML reads 1e-05, as yaml-cpp writes it, as text.
        numbers = tuple(float(number) for number in value)
    except (TypeError, ValueError, OverflowError) as exc:
        raise error from exc
    if not all(map(math.isfinite, numbers)):
        raise error
    if len(numbers) > MOST_COEFFICIENTS or length not in (None, len(numbers)):
        raise error
    return numbers
