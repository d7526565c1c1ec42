"""Translate FFmpeg's errors into ours: one line that tells a user what to do."""

import errno

import av

from webrtc_bridge.errors import (
    SourceError,
    SourceForbidden,
    SourceNotFound,
    SourceUnreadable,
    describe,
)
from webrtc_bridge.media.capture.v4l2 import NO_PERMISSION

GONE = (errno.ENOENT, errno.ENODEV, errno.ENXIO)
UNREACHABLE = (
    errno.ECONNREFUSED,
    errno.EHOSTUNREACH,
    errno.ENETUNREACH,
    errno.ETIMEDOUT,
    errno.EAGAIN,
    # FFmpeg's error for a host name that does not resolve.
    errno.EIO,
)


def device_error(source: str, error: Exception) -> SourceError:
    """Return the SourceError for `error`, raised by the camera `source`."""
    code = getattr(error, 'errno', None)
    if code in (errno.EACCES, errno.EPERM):
        return SourceForbidden(source, NO_PERMISSION)
    if code in GONE:
        return SourceNotFound(source, 'no camera connected, or unplugged')
    if code == errno.EBUSY:
        return SourceUnreadable(source, 'in use by another program')
    if code in (errno.ENOTTY, errno.EINVAL):
        return SourceUnreadable(source, f'is not a camera ({reason(error)})')
    return SourceUnreadable(source, reason(error))


def file_error(source: str, error: Exception) -> SourceError:
    """Return the SourceError for `error`, raised by the file `source`."""
    if isinstance(error, FileNotFoundError):
        return SourceNotFound(source, 'no such file')
    if isinstance(error, PermissionError):
        return SourceForbidden(source, 'no permission to read this file')
    return SourceUnreadable(source, f'cannot be read as video ({reason(error)})')


def stream_error(source: str, error: Exception) -> SourceError:
    """Return the SourceError for `error`, raised by the stream at the URL `source`."""
    if isinstance(error, (av.error.HTTPUnauthorizedError, av.error.HTTPForbiddenError)):
        return SourceForbidden(source, 'user name or password is missing or wrong')
    if isinstance(error, av.error.HTTPNotFoundError):
        return SourceNotFound(source, 'the server has no such path (404)')
    if isinstance(error, av.error.ExitError) or getattr(error, 'errno', None) in UNREACHABLE:
        return SourceNotFound(source, f'no answer ({reason(error)})')
    return SourceUnreadable(source, f'cannot be read as video ({reason(error)})')


def reason(error: Exception) -> str:
    """Return FFmpeg's text for `error`, without the URL that it appends."""
    if isinstance(error, av.error.ExitError):
        return 'no data in time'
    if isinstance(error, OSError) and error.errno:
        return describe(error)
    return getattr(error, 'strerror', None) or type(error).__name__
