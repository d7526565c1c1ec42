"""The protocol of a source: an opened camera, stream or file."""

from collections.abc import Callable
from typing import Protocol, TypeAlias

from webrtc_bridge.media.frames import Captured

READ_TIMEOUT = 2.0
'Seconds without a sign of life after which a source counts as lost.'

OPEN_TIMEOUT = 10.0
'Seconds that opening a source may take, including the detection of its format.'


class Source(Protocol):
    """
    One opened camera, stream or file, for one thread.

    `description` names what was opened, without credentials. A source counts as hung if a `read()`
    takes more than `read_timeout` seconds.
    """

    description: str
    read_timeout: float

    def read(self) -> Captured | None:
        """
        Return the next picture; None as a sign of life without one.

        Return an `AccessUnit` only if the source was opened to pass H.264 through.

        Raises: SourceError, if there will be no more pictures.
        """

    def close(self) -> None:
        """Release the device, connection or file."""


OpenSource: TypeAlias = Callable[[], Source]
'Opens a source, in the thread that will read it. Raises: SourceError.'
