"""The newest image of a topic, on its way to an encoder."""

import logging

from webrtc_bridge.media.frames import CapturedFrame
from webrtc_bridge.media.latest import Latest
from webrtc_bridge.media.pixels.depth import DepthRange
from webrtc_bridge.media.pixels.raw_image import ImageError
from webrtc_bridge.nodes.subscribing.picture_converter import (
    ImageMessage,
    PictureConverter,
    capture_ns,
)

MOST_COMPLAINTS = 10

logger = logging.getLogger(__name__)


class ImageFrames:
    """
    Takes messages from the node's thread, and converts them in the encoder's, which calls `get`.

    The newest wins. A frame's picture is good until the next `get`. Of images that cannot be
    shown, one of each encoding is told of.
    """

    def __init__(self, topic: str, depth: DepthRange) -> None:
        self.pictures = PictureConverter(depth)
        self._newest: Latest[tuple[ImageMessage, int] | CapturedFrame] = Latest()
        self._complaints: set[tuple[str, str]] = set()
        self._topic = topic

    @property
    def closed(self) -> bool:
        """Whether `close()` was called."""
        return self._newest.closed

    @property
    def dropped(self) -> int:
        """How many images were replaced by newer ones before they were encoded."""
        return self._newest.dropped

    def begin(self, topic: str) -> None:
        """Take images of `topic` from now on, and tell of its own mistakes."""
        self._topic = topic
        self._complaints = set()
        self._newest.clear()

    def put(self, message: ImageMessage) -> None:
        """Offer an image; never blocks."""
        self._newest.put((message, capture_ns(message)))

    def put_picture(self, frame: CapturedFrame) -> None:
        """Offer a picture that is converted already; never blocks."""
        self._newest.put(frame)

    def get(self, timeout: float | None = None) -> CapturedFrame | None:
        """Wait for the newest image; None after the timeout, or of one that cannot be shown."""
        item = self._newest.get(timeout)
        if item is None or isinstance(item, CapturedFrame):
            return item
        message, taken_ns = item
        try:
            return CapturedFrame(self.pictures.picture(message), taken_ns)
        except ImageError as error:
            self._complain(message, str(error))
        except Exception as error:  # whatever a library makes of it, the next one may be fine
            self._complain(message, f'{type(error).__name__}: {error}')
        return None

    def repeat(self) -> None:
        """Offer the image that was taken last once more, unless it is old."""
        self._newest.repeat()

    def close(self) -> None:
        """Refuse what comes and wake `get`. May be called again."""
        self._newest.close()

    def _complain(self, message: ImageMessage, reason: str) -> None:
        kind = getattr(message, 'encoding', None) or getattr(message, 'format', '')
        complaint = (self._topic, kind)
        if complaint in self._complaints or len(self._complaints) >= MOST_COMPLAINTS:
            return
        self._complaints.add(complaint)
        one_line = ' '.join(reason.split())
        logger.warning('%s: an image cannot be shown (%r): %s', self._topic, kind[:60], one_line)
