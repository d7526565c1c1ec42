"""What a camera reads its pictures from."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

from webrtc_bridge.media.frames import Captured

READ_TIMEOUT = 2.0
'Seconds without a sign of life after which a source counts as gone.'

OPEN_TIMEOUT = 10.0
'Seconds that opening a source may take, looking for its format included.'


class Source(Protocol):
    """
    One opened camera, stream or file; it belongs to one thread.

    `description` says what was opened, without credentials. `read_timeout` is how many seconds
    a `read()` may take before the source counts as hung.
    """

    description: str
    read_timeout: float

    def read(self) -> Captured | None:
        """
        Return the next picture, or None for a sign of life without one.

        It is an `AccessUnit` only where the source was opened to pass H.264 through.

        Raises: SourceError when there will be no more.
        """

    def close(self) -> None:
        """Release the device, connection or file."""


OpenSource: TypeAlias = Callable[[], Source]
'Opens a source anew, in the thread that will read it. Raises: SourceError.'
