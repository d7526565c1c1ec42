"""List and check Linux cameras (V4L2), for both engines."""

import glob
import os
import re
import stat

from webrtc_bridge.errors import SourceForbidden, SourceNotFound, SourceUnreadable

NO_PERMISSION = 'no permission: sudo usermod -aG video $USER, then log out and in again'


def cameras() -> list[str]:
    """Return the paths of this machine's V4L2 devices, in the order of their numbers."""
    paths = [path for path in glob.glob('/dev/video*') if re.fullmatch(r'/dev/video\d+', path)]
    return sorted(paths, key=lambda path: int(path.removeprefix('/dev/video')))


def check_device(path: str) -> None:
    """
    Check that `path` may be a camera, because FFmpeg's and GStreamer's own errors are vague.

    Raises: SourceNotFound, SourceForbidden, SourceUnreadable.
    """
    try:
        mode = os.stat(path).st_mode
    except PermissionError as error:
        raise SourceForbidden(path, NO_PERMISSION) from error
    except OSError as error:
        present = ', '.join(cameras())
        hint = f'cameras here: {present}' if present else 'no /dev/video* on this machine'
        raise SourceNotFound(path, f'no such device; {hint}') from error
    if not stat.S_ISCHR(mode):
        raise SourceUnreadable(path, 'is not a camera (not a device)')
    if not os.access(path, os.R_OK | os.W_OK, effective_ids=True):
        raise SourceForbidden(path, NO_PERMISSION)
