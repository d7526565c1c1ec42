"""A camera that gives one picture for each request: a snapshot URL."""

import time

import av

from webrtc_bridge.errors import SourceUnreadable
from webrtc_bridge.media.capture.av_source import ErrorOf, open_container, packets_of
from webrtc_bridge.media.capture.source import OPEN_TIMEOUT, READ_TIMEOUT
from webrtc_bridge.media.capture.timing import Pace
from webrtc_bridge.media.frames import CapturedFrame
from webrtc_bridge.media.pixels.source_pictures import SourcePictures

INTERVAL = 1.0
"""
Seconds between two requests. Each has a connection of its own, and many cameras take no more than
a few a second; those that can do more have a stream, too.
"""


class SnapshotSource:
    """
    Fetch the picture at `url`, called `name`, each `INTERVAL`.

    The capture time is that of its arrival.
    """

    read_timeout = OPEN_TIMEOUT

    def __init__(self, url: str, name: str, error_of: ErrorOf) -> None:
        self.description = f'{name}, a snapshot fetched every {INTERVAL:g} s'
        self._url = url
        self._name = name
        self._error_of = error_of
        self._convert = SourcePictures().convert
        self._pace = Pace(tolerance=INTERVAL)
        self._count = 0

    def read(self) -> CapturedFrame | None:
        """
        Fetch the next picture; return None if it is not due soon.

        Raises: SourceError.
        """
        if not self._pace.wait(self._count * INTERVAL):
            return None
        self._count += 1
        picture = self._fetch()
        return CapturedFrame(self._convert(picture), time.time_ns())

    def _fetch(self) -> av.VideoFrame:
        timeout = (OPEN_TIMEOUT / 2, READ_TIMEOUT)
        container = open_container(self._name, self._url, self._error_of, timeout=timeout)
        try:
            for packet in packets_of(container):
                for picture in packet.decode():
                    return picture
        except (av.error.FFmpegError, OSError) as error:
            raise self._error_of(self._name, error) from error
        finally:
            container.close()
        raise SourceUnreadable(self._name, 'its picture cannot be decoded')

    def close(self) -> None:
        """Do nothing; no connection is kept."""
