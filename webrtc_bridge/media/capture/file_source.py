"""A video file as a source, played in real time by its own timestamps, in a loop."""

import contextlib
import errno
import logging
import time
from collections.abc import Iterator
from typing import TypeAlias

import av
from av.video.stream import VideoStream

from webrtc_bridge.errors import SourceUnreadable
from webrtc_bridge.media.capture.av_errors import file_error
from webrtc_bridge.media.capture.av_source import (
    ErrorOf,
    is_end,
    open_container,
    packets_of,
    picture_rate,
    pts_ns,
    size_and_rate,
    video_stream,
)
from webrtc_bridge.media.capture.passing import packets_as_they_are
from webrtc_bridge.media.capture.source import OPEN_TIMEOUT, READ_TIMEOUT
from webrtc_bridge.media.capture.timing import STEP, Pace, PlayTime
from webrtc_bridge.media.frames import AccessUnit, Captured, CapturedFrame
from webrtc_bridge.media.h264.packets import H264Packets
from webrtc_bridge.media.pixels.source_pictures import SourcePictures
from webrtc_bridge.media.pixels.upright import UPRIGHT, turn_of

logger = logging.getLogger(__name__)

MPEG_CLOCK = 2**33 / 90_000
"""
Seconds after which the timestamps of MPEG-TS start again at 0 (ISO/IEC 13818-1, 2.4.3.7). FFmpeg
takes any that goes back for that, and adds them.
"""

Item: TypeAlias = 'av.VideoFrame | av.Packet[VideoStream]'


class FileSource:
    """
    Play the file `file`, called `name`, forever.

    Capture times are the times of playback by the wall clock. With `passes_h264`, H.264 that
    viewers accept is not decoded. Data may take up to `patience` seconds to come.

    Raises: SourceNotFound, SourceForbidden, SourceUnreadable.
    """

    def __init__(
        self,
        file: str,
        name: str,
        error_of: ErrorOf = file_error,
        *,
        passes_h264: bool = False,
        patience: float = READ_TIMEOUT,
    ) -> None:
        # Decoding, and opening again at the end, may take a while; the pace keeps `read()` short.
        self.read_timeout = patience + STEP
        self._file = file
        self._name = name
        self._error_of = error_of
        self._patience = patience
        self._pace = Pace()
        self._jump_logged = False
        self._passed: H264Packets | None = None
        self._passes = False
        self._open()
        aspect = video_stream(self._container).sample_aspect_ratio
        self._convert = SourcePictures(aspect).convert
        rate = picture_rate(video_stream(self._container)) or 25.0
        self._play_time = PlayTime(1 / rate)
        try:
            if passes_h264:
                stream = video_stream(self._container)
                self._passed = packets_as_they_are(name, stream)
                self._passes = self._passed is not None
            self._next: tuple[float, Item] | None = self._decode_next()
            if self._passes and self._is_turned(self._next[1]):
                self._transcode()
        except BaseException:
            self.close()
            raise
        self.description = f'{name} {size_and_rate(video_stream(self._container))}'

    def read(self) -> Captured | None:
        """
        Return the next picture when it is due; None if that is not within 0.1 s.

        Raises: SourceError, if the file is gone or damaged.
        """
        if self._next is None:
            self._next = self._decode_next()
        position, item = self._next
        if not self._pace.wait(position):
            return None
        self._next = None
        if isinstance(item, av.VideoFrame):
            return CapturedFrame(self._convert(item), time.time_ns())
        data = self._passed.access_unit(item) if self._passed else None
        return AccessUnit(data, time.time_ns()) if data else None

    def close(self) -> None:
        """Close the file."""
        self._container.close()

    def _open(self) -> None:
        self._container = open_container(
            self._name, self._file, self._error_of, timeout=(OPEN_TIMEOUT / 2, self._patience)
        )
        if self._passes:
            self._passed = H264Packets(video_stream(self._container))
        self._items = self._read()

    def _is_turned(self, item: Item) -> bool:
        """Return whether the first packet, or picture, is not to be shown as it is."""
        if isinstance(item, av.VideoFrame):
            return turn_of(item) != UPRIGHT
        with contextlib.suppress(av.error.FFmpegError):
            pictures = [*item.decode(), *video_stream(self._container).codec_context.decode(None)]
            return any(turn_of(picture) != UPRIGHT for picture in pictures)
        return False

    def _transcode(self) -> None:
        """Start over, and decode from now on."""
        text = (
            '%s: transcoding its H.264: it is marked as rotated or mirrored; viewers ignore that'
        )
        logger.info(text, self._name)
        self._passed, self._passes = None, False
        self._rewind()
        self._next = self._decode_next()

    def _decode_next(self) -> tuple[float, Item]:
        """Return the next picture and its position in the time of all loops, in seconds."""
        item = next(self._items, None)
        if item is None:
            self._rewind()
            item = next(self._items, None)
        if item is None:
            raise SourceUnreadable(self._name, 'none of its pictures can be decoded')
        stamp_ns = pts_ns(item)
        seconds = stamp_ns / 1e9 if stamp_ns is not None else None
        position = self._play_time.position(seconds)
        if seconds is not None and self._play_time.jump and not self._jump_logged:
            self._jump_logged = True
            jump = self._play_time.jump
            if seconds > MPEG_CLOCK and self._container.format.name == 'mpegts':
                jump -= MPEG_CLOCK
            logger.warning('%s: its timestamps jump by %.1f s; playing on', self._name, jump)
        return position, item

    def _rewind(self) -> None:
        # Opened again, because not every format can seek to its start.
        self._container.close()
        self._play_time.start_over()
        self._open()

    def _read(self) -> Iterator[Item]:
        try:
            for packet in packets_of(self._container):
                if packet.size == 0 and not is_end(packet):
                    continue  # it would end the decoder
                if self._passed:
                    if packet.size:
                        yield packet
                    continue
                with contextlib.suppress(av.error.InvalidDataError):
                    yield from packet.decode()
        except (av.error.FFmpegError, OSError) as error:
            # FFmpeg takes the end of an answer without a length (HTTP) for an error, unless the
            # server has said that it would close the connection.
            if error.errno != errno.EIO or self._container.size >= 0:
                raise self._error_of(self._name, error) from error
