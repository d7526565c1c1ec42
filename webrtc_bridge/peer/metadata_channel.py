"""
The data channel `metadata`, by which a sender tells its receivers about its pictures.

Each message is a JSON object, which replaces the one before. Known members: `camera_info`, the
lens as in a `sensor_msgs/CameraInfo` (nodes/calibration/calibration.py).
"""

import json
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from webrtc_bridge.errors import printable

if TYPE_CHECKING:
    from aiortc import RTCDataChannel

LABEL = 'metadata'

MOST_CHARACTERS = 16_384

Metadata = dict[str, Any]

logger = logging.getLogger(__name__)


class MetadataBroadcast:
    """Send the same metadata on the channels of all sessions. Belongs to the event loop."""

    def __init__(self, metadata: Metadata | None = None) -> None:
        self._metadata = metadata or {}
        self._channels: set[RTCDataChannel] = set()

    def add(self, channel: 'RTCDataChannel') -> None:
        """Send the metadata on `channel` as soon as it is open."""
        self._channels.add(channel)
        channel.on('open', lambda: self._send(channel))

    def discard(self, channel: 'RTCDataChannel') -> None:
        """Send nothing more on `channel`; idempotent."""
        self._channels.discard(channel)

    def update(self, metadata: Metadata) -> None:
        """Send `metadata` from now on."""
        self._metadata = metadata
        for channel in self._channels:
            self._send(channel)

    def _send(self, channel: 'RTCDataChannel') -> None:
        if self._metadata and channel.readyState == 'open':
            channel.send(json.dumps(self._metadata))


def receive_metadata(channel: 'RTCDataChannel', on_metadata: Callable[[Metadata], None]) -> None:
    """Call `on_metadata` with each object that the sender sends on `channel`."""

    def on_message(text: object) -> None:
        try:
            if not isinstance(text, str) or len(text) > MOST_CHARACTERS:
                raise ValueError('not text, or too long')
            metadata = json.loads(text)
            if not isinstance(metadata, dict):
                raise ValueError('not an object')
        except (ValueError, RecursionError) as error:
            logger.warning('metadata ignored: %s', printable(error))
            return
        on_metadata(metadata)

    channel.on('message', on_message)
