"""Live pictures through FFmpeg, from cameras and network streams alike."""

import contextlib
import time
from collections import deque
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import av
from av.codec.context import Flags
from av.container import InputContainer
from av.stream import Disposition
from av.video.stream import VideoStream

from webrtc_bridge.errors import SourceError, SourceUnreadable
from webrtc_bridge.media.capture.source import READ_TIMEOUT
from webrtc_bridge.media.capture.source_clocks import SourceClock
from webrtc_bridge.media.capture.timing import HIGHEST_RATE, StreamSpeed
from webrtc_bridge.media.frames import AccessUnit, Captured, CapturedFrame
from webrtc_bridge.media.h264.packets import H264Packets
from webrtc_bridge.media.h264.units import PATIENCE_NS
from webrtc_bridge.media.pixels.source_pictures import SourcePictures
from webrtc_bridge.media.wall_clock import Now

DECODE_TIMEOUT = 15.0
'Seconds of packets without a picture after which a source fails; keyframes come more often.'

SMALLEST = 2
'Width and height of the smallest picture of 4:2:0 video.'

TEXT_CODECS = ('ansi', 'bintext', 'xbin', 'idf')
'FFmpeg reads any text file as a video of a terminal.'

ErrorOf: TypeAlias = Callable[[str, Exception], SourceError]


class AvPackets:
    """
    The packets of the live stream `container`, called `name`, one at a time.

    A read takes up to `read_timeout` seconds; `error_of` explains its errors.
    """

    def __init__(
        self,
        name: str,
        container: InputContainer,
        error_of: ErrorOf,
        read_timeout: float = READ_TIMEOUT,
    ) -> None:
        self.name = name
        self.description = f'{name} {size_and_rate(video_stream(container))}'
        self.pixel_aspect = video_stream(container).sample_aspect_ratio
        self.read_timeout = read_timeout
        self._container = container
        self._error_of = error_of
        self._packets = packets_of(container)
        self._waiting: deque[av.Packet[VideoStream]] = deque()

    def keep_time(self) -> bool:
        """
        Return whether the packets come at the pace of their timestamps, as those of a live stream.

        It reads for at least 0.3 s; `read` returns what came. A live stream has no end.
        """
        speed = StreamSpeed()
        is_live = None
        while is_live is None:
            try:
                packet = self._next()
            except SourceError:
                return False
            self._waiting.append(packet)
            stamp_ns = pts_ns(packet)
            if stamp_ns is not None:
                is_live = speed.add(stamp_ns / 1e9, time.monotonic())
        return is_live

    def read(self) -> 'av.Packet[VideoStream]':
        """
        Return the next packet.

        Raises: SourceError.
        """
        return self._waiting.popleft() if self._waiting else self._next()

    def _next(self) -> 'av.Packet[VideoStream]':
        deadline = time.monotonic() + self.read_timeout
        while True:
            try:
                packet = next(self._packets, None)
                break
            except av.error.BlockingIOError as error:
                # AVFoundation never blocks: it reports that there is nothing yet.
                if time.monotonic() > deadline:
                    raise self._error_of(self.name, error) from error
                time.sleep(0.002)
                self._packets = packets_of(self._container)
            except (av.error.FFmpegError, OSError) as error:
                raise self._error_of(self.name, error) from error
        if packet is None or is_end(packet):
            raise SourceUnreadable(self.name, 'the stream ended')
        return packet

    def close(self) -> None:
        """Release the device or connection."""
        self._packets = iter(())
        self._container.close()


class AvSource:
    """
    A live source: decode each packet when it arrives, at the pace of the source.

    With `passed`, decode nothing and deliver access units. `untagged` is the matrix of pictures
    that name none. A stream that has no keyframe for `PATIENCE_NS` is decoded without one.
    """

    def __init__(
        self,
        packets: AvPackets,
        clock: SourceClock,
        passed: H264Packets | None = None,
        untagged: int | None = None,
    ) -> None:
        self.description = packets.description
        self.read_timeout = packets.read_timeout
        self._packets = packets
        self._clock = clock
        self._convert = SourcePictures(packets.pixel_aspect, untagged).convert
        self._passed = passed
        self._last_picture = time.monotonic()

    def read(self) -> Captured | None:
        """
        Return the newest picture of the next packet; None if it completes none.

        Raises: SourceError.
        """
        packet = self._packets.read()
        now = Now.read()
        if packet.size == 0:
            # FFmpeg's V4L2 input makes one of a buffer that the driver marks as damaged.
            return self._captured(None, now)
        self._clock.arrived(pts_ns(packet), now)
        if self._passed:
            data = self._passed.access_unit(packet)
            return AccessUnit(data, self._clock.capture_ns(pts_ns(packet), now)) if data else None
        pictures: list[av.VideoFrame] = []
        # A packet that the network damaged costs its picture, not the connection.
        with contextlib.suppress(av.error.InvalidDataError):
            pictures = packet.decode()
        if not pictures and time.monotonic() - self._last_picture > PATIENCE_NS / 1e9:
            packet.stream.codec_context.flags |= Flags.output_corrupt
        return self._captured(pictures[-1] if pictures else None, now)

    def _captured(self, picture: av.VideoFrame | None, now: Now) -> CapturedFrame | None:
        if picture is None:
            if time.monotonic() - self._last_picture > DECODE_TIMEOUT:
                reason = f'no picture could be decoded for {DECODE_TIMEOUT:g} s'
                raise SourceUnreadable(self._packets.name, reason)
            return None
        self._last_picture = time.monotonic()
        # Its own time: with B-frames it is not that of the packet.
        capture_ns = self._clock.capture_ns(pts_ns(picture), now)
        return CapturedFrame(self._convert(picture), capture_ns)

    def close(self) -> None:
        """Release the device or connection."""
        self._packets.close()


def open_container(
    source: str,
    file: str,
    error_of: ErrorOf,
    **arguments: Any,
) -> InputContainer:
    """
    Open `file` for `source` (its name without credentials) and prepare its decoder.

    Raises: SourceError.
    """
    try:
        container: InputContainer = av.open(file, **arguments)
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise error_of(source, error) from error
    try:
        prepare_decoder(source, container)
    except BaseException:
        container.close()
        raise
    return container


def prepare_decoder(source: str, container: InputContainer) -> None:
    """
    Set the first video stream of `container` to decode without delay.

    Raises: SourceUnreadable, if there is none.
    """
    if not container.streams.video:
        raise SourceUnreadable(source, 'contains no video')
    stream = video_stream(container)
    if stream.disposition & Disposition.attached_pic:
        raise SourceUnreadable(source, 'contains no video, only cover art')
    if stream.width and min(stream.width, stream.height) < SMALLEST:
        raise SourceUnreadable(source, f'its pictures are too small ({size_and_rate(stream)})')
    codec = stream.codec_context
    if codec.name in TEXT_CODECS:
        raise SourceUnreadable(source, 'cannot be read as video (a text file)')
    # Each frame thread would hold back a frame.
    codec.thread_type = 'SLICE'
    codec.thread_count = 1
    if not codec.has_b_frames:
        codec.flags |= Flags.low_delay


def video_stream(container: InputContainer) -> VideoStream:
    """Return the first video stream of `container` that is not the picture of a cover, if any."""
    streams = container.streams.video
    films = (stream for stream in streams if not stream.disposition & Disposition.attached_pic)
    return next(films, streams[0])


def picture_rate(stream: VideoStream) -> float | None:
    """Return the frame rate that `stream` declares; None if it declares none that can be true."""
    rate = float(stream.average_rate or 0)
    return rate if 0 < rate <= HIGHEST_RATE else None


def size_and_rate(stream: VideoStream) -> str:
    """Return the size and rate of `stream` as text, as far as they are known."""
    rate = picture_rate(stream)
    size = f'{stream.width}x{stream.height}' if stream.width else 'of unknown size'
    return f'{size} at {rate:g} fps' if rate else size


def pts_ns(item: 'av.Packet[VideoStream] | av.VideoFrame') -> int | None:
    """Return the presentation time of a packet or picture in nanoseconds of its own clock."""
    if item.pts is None or item.time_base is None:
        return None
    return round(item.pts * item.time_base * 1_000_000_000)


def is_end(packet: 'av.Packet[VideoStream]') -> bool:
    """Return whether `packet` is the one without data or time that PyAV puts behind the last."""
    return packet.size == 0 and packet.pts is None and packet.dts is None


def packets_of(container: InputContainer) -> 'Iterator[av.Packet[VideoStream]]':
    """Return the packets of the video stream."""
    return container.demux(video_stream(container))
