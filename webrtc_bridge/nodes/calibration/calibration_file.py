"""Calibration files, as camera_calibration and camera_info_manager read and write them."""

import os
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml

from webrtc_bridge.errors import OptionError, WebrtcBridgeError, describe
from webrtc_bridge.nodes.calibration.calibration import Calibration, calibration_from
from webrtc_bridge.program.files import read_bounded, without_waiting, write_whole

OPTION = 'camera_info_url'
MAX_FILE = 65536

FIELDS = {
    'camera_matrix': 'k',
    'distortion_coefficients': 'd',
    'rectification_matrix': 'r',
    'projection_matrix': 'p',
}
'Matrices of the file, each with `rows`, `cols` and `data`, and their fields of CameraInfo.'


class CalibrationNotSavedError(WebrtcBridgeError):
    """The calibration cannot be written to `path`, for `reason`."""

    def __init__(self, path: Path, reason: str) -> None:
        super().__init__(path, reason)
        self.path = path
        self.reason = reason

    def __str__(self) -> str:
        return f'cannot write {self.path}: {self.reason}'


def path_of(url: str) -> Path:
    """
    Return the path of `url`: file:///path, or package://PACKAGE/path in the share of a package.

    Raises: OptionError.
    """
    is_file = url.startswith('file://')
    path = Path(url.removeprefix('file://')) if is_file else _in_package(url)
    if not path.parent.is_dir():
        raise OptionError(OPTION, url, 'a file in an existing folder')
    return path


def _in_package(url: str) -> Path:
    match = re.fullmatch(r'package://([^/]+)/(.+)', url)
    if not match:
        raise OptionError(OPTION, url, 'file:///path/to.yaml or package://PACKAGE/path/to.yaml')
    # Imported here, because everything else works with a ROS that lacks the index.
    from ament_index_python import PackageNotFoundError, get_package_share_directory

    try:
        return Path(get_package_share_directory(match[1])) / match[2]
    except (PackageNotFoundError, ValueError, LookupError) as exc:
        raise OptionError(OPTION, url, 'an installed package') from exc


def load(url: str) -> Calibration | None:
    """
    Return the calibration in the file at `url`; None if the file does not exist yet.

    Raises: OptionError if it cannot be read or is not a calibration.
    """
    try:
        # The camera may change at any time.
        with without_waiting():
            content = yaml.safe_load(read_bounded(path_of(url), MAX_FILE).decode())
    except FileNotFoundError:
        return None
    except OSError as exc:
        raise OptionError(OPTION, url, f'a readable file ({describe(exc)})') from exc
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as exc:
        raise OptionError(OPTION, url, f'a YAML file ({_place(exc)})') from exc
    try:
        return calibration_from(_as_info(content))
    except OptionError as error:
        expected = f'a file as camera_calibration writes it, with {error.name}: {error.expected}'
        raise OptionError(OPTION, url, expected) from error


def _place(error: Exception) -> str:
    mark = getattr(error, 'problem_mark', None)
    return f'error in line {mark.line + 1}' if mark else 'it is not text'


def _as_info(content: Any) -> dict[str, Any]:
    """
    Return the content of a file by the field names of CameraInfo.

    Raises: OptionError.
    """
    if not isinstance(content, Mapping):
        raise OptionError('image_width', content, 'a whole number')
    info = {
        'width': _entry(content, 'image_width'),
        'height': _entry(content, 'image_height'),
        'camera_name': str(content.get('camera_name') or ''),
        # camera_info_manager assumes this one if the file has none.
        'distortion_model': content.get('distortion_model', 'plumb_bob'),
    }
    for name, field in FIELDS.items():
        matrix = _entry(content, name)
        data = matrix.get('data') if isinstance(matrix, Mapping) else None
        try:
            info[field] = getattr(calibration_from({field: data, 'width': 1, 'height': 1}), field)
        except OptionError as error:
            raise OptionError(name, data, f'rows, cols and data, {error.expected}') from error
    return info


def _entry(content: Mapping[str, Any], name: str) -> Any:
    if name not in content:
        raise OptionError(name, None, 'an entry')
    return content[name]


def save(path: Path, calibration: Calibration) -> None:
    """
    Write `calibration` to `path` atomically.

    Raises: CalibrationNotSavedError.
    """
    # Keep a symbolic link, as `colcon build --symlink-install` makes them, and replace its target.
    target = Path(os.path.realpath(path))
    try:
        write_whole(target, as_text(calibration).encode(), mode=0o666, replace=True)
    except OSError as exc:
        raise CalibrationNotSavedError(path, describe(exc)) from exc


def as_text(calibration: Calibration) -> str:
    """Return the text of a calibration file."""
    content: dict[str, Any] = {
        'image_width': calibration.width,
        'image_height': calibration.height,
        'camera_name': calibration.camera_name,
        'camera_matrix': _matrix(calibration.k, 3),
        'distortion_model': calibration.distortion_model,
        'distortion_coefficients': _matrix(calibration.d, 1),
        'rectification_matrix': _matrix(calibration.r, 3),
        'projection_matrix': _matrix(calibration.p, 3),
    }
    text: str = yaml.safe_dump(content, sort_keys=False, default_flow_style=None)
    return text


def _matrix(values: tuple[float, ...], rows: int) -> dict[str, Any]:
    return {'rows': rows, 'cols': len(values) // rows, 'data': list(values)}
