"""Messages that carry encoded H.264 frames, one type for each kind of subscriber."""

import importlib
import sys
from abc import ABC, abstractmethod
from typing import Any

from sensor_msgs.msg import CompressedImage
from std_msgs.msg import Header

from webrtc_bridge.media.frames import EncodedFrame

KEY_FLAG = 1
"FFmpeg's AV_PKT_FLAG_KEY."


class ImageTransport(ABC):
    """
    A message type for encoded frames; its topic is `name` below the image topic.

    All carry Annex B, one picture per message, with SPS and PPS at keyframes.
    """

    name: str
    message_type: type

    @abstractmethod
    def message(self, header: Header, frame: EncodedFrame, size: tuple[int, int]) -> Any:
        """Return `frame`, a picture of `size`, as a message of `message_type`."""


class H264(ImageTransport):
    """`sensor_msgs/CompressedImage` of format h264, which needs no additional package."""

    name = 'h264'
    message_type = CompressedImage

    def message(self, header: Header, frame: EncodedFrame, size: tuple[int, int]) -> Any:
        """Return a CompressedImage."""
        made = self.message_type(header=header, format='h264')
        made._data = frame.data  # bypasses the setter, as in ImageConverter
        return made


class Foxglove(ImageTransport):
    """`foxglove_msgs/CompressedVideo`, named as in foxglove_compressed_video_transport."""

    name = 'foxglove'

    def __init__(self, message_type: type) -> None:
        self.message_type = message_type

    def message(self, header: Header, frame: EncodedFrame, size: tuple[int, int]) -> Any:
        """Return a CompressedVideo."""
        made = self.message_type(timestamp=header.stamp, frame_id=header.frame_id, format='h264')
        made._data = frame.data
        return made


class Ffmpeg(ImageTransport):
    """`ffmpeg_image_transport_msgs/FFMPEGPacket`, named as in ffmpeg_image_transport."""

    name = 'ffmpeg'

    def __init__(self, message_type: type) -> None:
        self.message_type = message_type
        self._pts = 0

    def message(self, header: Header, frame: EncodedFrame, size: tuple[int, int]) -> Any:
        """Return an FFMPEGPacket."""
        self._pts += 1  # only distinguishes packets: pictures have the same order
        width, height = size
        made = self.message_type(
            header=header,
            width=width,
            height=height,
            encoding='h264',
            pts=self._pts,
            flags=KEY_FLAG if frame.keyframe else 0,
            is_bigendian=sys.byteorder == 'big',
        )
        made._data = frame.data
        return made


def available_transports() -> list[ImageTransport]:
    """Return the transports whose message packages are installed."""
    found: list[ImageTransport] = [H264()]
    for transport, package, name in (
        (Foxglove, 'foxglove_msgs', 'CompressedVideo'),
        (Ffmpeg, 'ffmpeg_image_transport_msgs', 'FFMPEGPacket'),
    ):
        try:
            found.append(transport(getattr(importlib.import_module(f'{package}.msg'), name)))
        except (ImportError, AttributeError):
            continue
    return found
