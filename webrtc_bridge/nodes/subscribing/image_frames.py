"""The newest image of a topic, on its way to an encoder."""

import logging
import re
import time

from webrtc_bridge.media.frames import CapturedFrame, SourceHeader
from webrtc_bridge.media.latest import Latest
from webrtc_bridge.media.pixels.depth import DepthRange
from webrtc_bridge.media.pixels.picture_maker import DEFAULT_GREYS
from webrtc_bridge.media.pixels.raw_image import ImageError
from webrtc_bridge.media.pixels.wide import GreyRange
from webrtc_bridge.nodes.ros.stamps import capture_ns
from webrtc_bridge.nodes.subscribing.picture_converter import ImageMessage, PictureConverter

MOST_WARNINGS = 10
'Per topic, one for each encoding and reason.'

FRESH_WITHIN = 0.3
"""
Seconds that a new subscription has for its first image, before the newest one of an earlier
subscription to the same topic is shown instead.
"""

logger = logging.getLogger(__name__)


class ImageFrames:
    """
    Take messages in the node's thread, and convert them in the encoder's, which calls `get`.

    The newest wins. A frame's picture is valid until the next `get`. Of images that cannot be
    shown, one of each encoding and reason is logged.
    """

    def __init__(self, topic: str, depth: DepthRange, greys: GreyRange = DEFAULT_GREYS) -> None:
        self.pictures = PictureConverter(depth, greys)
        self._newest: Latest[tuple[ImageMessage, int, SourceHeader] | CapturedFrame] = Latest()
        self._warned: set[tuple[str, str]] = set()
        self._topic = topic
        self._fresh_by = 0.0

    @property
    def closed(self) -> bool:
        """Return whether `close()` was called."""
        return self._newest.closed

    @property
    def dropped(self) -> int:
        """The number of images that newer ones replaced before they were encoded."""
        return self._newest.dropped

    def set_topic(self, topic: str) -> None:
        """Take images of `topic` from now on, and log its bad ones again."""
        if topic != self._topic:
            self._newest.clear()
        self._topic = topic
        self._warned = set()
        self._fresh_by = time.monotonic() + FRESH_WITHIN

    def put(self, message: ImageMessage, header: SourceHeader) -> None:
        """Offer an image and its header; never blocks."""
        self._newest.put((message, capture_ns(header), header))

    def put_picture(self, frame: CapturedFrame) -> None:
        """Offer a picture that is already converted; never blocks."""
        self._newest.put(frame)

    def get(self, timeout: float | None = None) -> CapturedFrame | None:
        """Wait for the newest image; None after the timeout, or if it cannot be shown."""
        item = self._newest.get(timeout)
        if item is None or isinstance(item, CapturedFrame):
            return item
        message, taken_ns, header = item
        try:
            return CapturedFrame(self.pictures.picture(message), taken_ns, header=header)
        except ImageError as error:
            self._warn(message, str(error))
        except Exception as error:  # whatever a library raises, the next image may be fine
            self._warn(message, f'{type(error).__name__}: {error}')
        return None

    @property
    def unused(self) -> bool:
        """Return whether there has been no image yet."""
        return self._newest.unused

    @property
    def repeated(self) -> bool:
        """Return whether the image that `get` returned last is one that it returned before."""
        return self._newest.repeated

    def repeat(self, after: float = 0.0) -> None:
        """Offer the newest image again, however old, unless one comes in `after` seconds."""
        self._newest.repeat(max(after, self._fresh_by - time.monotonic()))

    def clear(self) -> None:
        """Drop the newest image, and do not offer it again."""
        self._newest.clear()

    def close(self) -> None:
        """Refuse further images and wake `get`; idempotent."""
        self._newest.close()

    def _warn(self, message: ImageMessage, reason: str) -> None:
        encoding = getattr(message, 'encoding', None) or getattr(message, 'format', '')
        one_line = ' '.join(reason.split())
        # Sizes may differ from image to image.
        kind = encoding, re.sub(r'\d+', '0', one_line)
        if kind in self._warned or len(self._warned) >= MOST_WARNINGS:
            return
        self._warned.add(kind)
        text = '%s: cannot show an image of encoding %r: %s'
        logger.warning(text, self._topic, encoding[:60], one_line)
