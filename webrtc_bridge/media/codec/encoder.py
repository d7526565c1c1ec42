"""Encode pictures for immediate sending."""

import logging
from fractions import Fraction
from typing import NamedTuple

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
from av.video.reformatter import ColorRange

from webrtc_bridge.media.bandwidth.defaults import automatic_bitrate
from webrtc_bridge.media.codec.bit_budget import BitBudget
from webrtc_bridge.media.codec.encoder_settings import (
    DEFAULT,
    HIGH,
    TUNE,
    VBV_SECONDS,
    VP8_DROP_BELOW,
    VP8_SPEED,
    VP8_THREADS,
    X264Settings,
    slices,
)
from webrtc_bridge.media.codec.frame_rate import SLOWEST
from webrtc_bridge.media.codec.rate_scaled_clock import RateScaledClock
from webrtc_bridge.media.frames import CapturedFrame, Codec, EncodedFrame, Encoding
from webrtc_bridge.media.h264.units import nal_units
from webrtc_bridge.media.pixels.colours import Colours, colours_of
from webrtc_bridge.media.pixels.to_yuv420p import ToYuv420p
from webrtc_bridge.media.rtp.payloader import Vp8Payloader, h264_payloads
from webrtc_bridge.media.rtp.rtp_time import CLOCK_RATE

HEADROOM = 4
"""
Factor by which the bit rate may change, up or down, before the encoder is opened again, which
costs a keyframe.

x264 changes the rate of a stream only if it started at a constant rate (CBR), and never above the
`maxrate` that it was opened with; so it is opened with this much more, and set to the wanted rate
before the first picture. FFmpeg cannot change `bufsize`, so the bound on a keyframe stays.
`RateScaledClock` changes the rate of libvpx, which goes by the times of pictures.
"""

MOST_RAISED = 3
"""
Factor by which x264's bit rate may rise before it is opened again. The bound on a keyframe is then
one on one or two pictures: raised threefold, x264 spends what it should, and fourfold about half.
"""

logger = logging.getLogger(__name__)


def open_encoder(
    codec: Codec,
    width: int,
    height: int,
    fps: float,
    bitrate: int,
    colours: Colours,
    x264: X264Settings = DEFAULT,
) -> VideoCodecContext:
    """Return an encoder without delay: no lookahead, no B-frames."""
    context = av.CodecContext.create('libx264' if codec is Codec.H264 else 'libvpx', 'w')
    assert isinstance(context, VideoCodecContext)
    context.width, context.height = width, height
    context.pix_fmt = 'yuv420p'
    context.time_base = Fraction(1, CLOCK_RATE)
    context.framerate = Fraction(fps).limit_denominator(1001)
    context.thread_count = slices(width, height) if codec is Codec.H264 else VP8_THREADS
    bufsize = str(int(bitrate * VBV_SECONDS))
    if codec is Codec.H264:
        context.bit_rate = bitrate * HEADROOM
        context.profile = x264.profile
        context.options = {
            # Keyframes come when a viewer joins or lost the picture, never at fixed intervals.
            'maxrate': str(context.bit_rate),
            'bufsize': bufsize,
            'preset': x264.preset,
            'tune': TUNE,
            'x264-params': f'keyint=infinite:scenecut=0:{x264.options}',
        }
    else:
        context.bit_rate = bitrate
        context.options = {
            # The same value three times means a constant rate (CBR), which skipping needs.
            'minrate': str(bitrate),
            'maxrate': str(bitrate),
            'bufsize': bufsize,
            'drop-threshold': str(VP8_DROP_BELOW),
            'deadline': 'realtime',
            'cpu-used': str(VP8_SPEED),
            'lag-in-frames': '0',
            'auto-alt-ref': '0',
            'error-resilient': 'default',
            'g': '100000',
            'max-intra-rate': str(int(VBV_SECONDS * fps * 100)),
        }
    # Each player has its own idea of what is not declared: browsers take BT.709 for all sizes, and
    # GStreamer shows white as 235. VP8 has no room for any of it but BT.601 (RFC 6386, 9.2).
    context.colorspace, context.color_primaries, context.color_trc = colours
    context.color_range = ColorRange.MPEG
    context.open()
    context.bit_rate = bitrate
    return context


class Opening(NamedTuple):
    """The values that an encoder was opened with; other ones than these need another encoder."""

    size: tuple[int, int]
    colours: Colours
    x264: X264Settings


class Encoder:
    """
    Encode the pictures of one encoding. For one thread, but `bitrate` may be set in any.

    Size, colours and `x264` may change from picture to picture; then the encoder is opened again,
    which makes a keyframe. `bitrate` (bit/s, 0 for automatic) and `fps`, the rate of the pictures,
    take effect with the next picture, without a keyframe within `HEADROOM` and `MOST_RAISED`;
    `current_bitrate` is the bit rate in effect.
    """

    def __init__(
        self, encoding: Encoding, fps: float, bitrate: int = 0, x264: X264Settings = DEFAULT
    ) -> None:
        """Prepare for about `fps` pictures a second, of the size of the encoding's layer."""
        self._encoding = encoding
        self.x264 = x264
        self.bitrate = bitrate
        self.current_bitrate = 0
        self.fps = fps
        self._input = ToYuv420p(bt601=encoding.codec is Codec.VP8)
        self._vp8 = Vp8Payloader()
        self._context: VideoCodecContext | None = None
        self._clock = RateScaledClock(fps)
        self._budget = BitBudget()
        self._opened_bitrate = 0
        self._opened_fps = self._current_fps = fps
        self._opened: Opening | None = None
        self._logged = ''

    @property
    def codec(self) -> Codec:
        """The codec of its frames."""
        return self._encoding.codec

    def encode(
        self, frame: CapturedFrame, timestamp: int, *, keyframe: bool = False
    ) -> EncodedFrame | None:
        """
        Return `frame` encoded, as a keyframe if asked for; None if the encoder skipped it.

        `timestamp` is its RTP time, not wrapped to 32 bits.
        """
        picture = self._input.convert(frame.picture)
        context = self._context_for(picture)
        picture.pts = self._pts(timestamp)
        picture.time_base = Fraction(1, CLOCK_RATE)
        picture.pict_type = PictureType.I if keyframe else PictureType.NONE
        packets = context.encode(picture)
        if not packets:
            return None
        # Without lookahead and B-frames each picture yields its own packet at once.
        data = bytes(packets[0])
        if self.codec is Codec.H264 and self._budget.spend(
            8 * len(data), self.current_bitrate, self.fps
        ):
            context.bit_rate = self._nominal_bitrate(self.current_bitrate)
        return EncodedFrame(
            codec=self.codec,
            data=data,
            keyframe=packets[0].is_keyframe,
            timestamp=timestamp & 0xFFFFFFFF,
            time_ns=frame.capture_ns,
            payloads=self._payloads(data),
            layer=self._encoding.layer,
            bridge=self._encoding.bridge,
            header=frame.header,
            high=self.codec is Codec.H264 and self.x264.profile == HIGH.profile,
        )

    def start_over(self) -> None:
        """
        Encode the next picture as the first one.

        After a pause it may use all the bits of `VBV_SECONDS`, and x264 does not notice the pause:
        it would give a keyframe a third as much.
        """
        self._context = None

    def _payloads(self, data: bytes) -> tuple[bytes, ...]:
        if self.codec is Codec.H264:
            return h264_payloads(nal_units(data))
        return self._vp8.payloads(data)

    def _context_for(self, picture: av.VideoFrame) -> VideoCodecContext:
        size = picture.width, picture.height
        opening = Opening(size, colours_of(picture), self.x264)
        bitrate = self.bitrate or automatic_bitrate(*size, self.fps)
        context = self._context
        if context is None or not self._fits(opening):
            return self._open(opening, bitrate)
        if (bitrate, self.fps) == (self.current_bitrate, self._current_fps):
            return context
        if not self._is_within_headroom(bitrate):
            return self._open(opening, bitrate)
        self.current_bitrate, self._current_fps = bitrate, self.fps
        self._clock.fps = self.fps
        if self.codec is Codec.H264:
            context.bit_rate = self._nominal_bitrate(bitrate)
        logger.debug(
            '%s at %.1f fps changed to %d kbit/s', self.codec.value, self.fps, bitrate // 1000
        )
        return context

    def _fits(self, opening: Opening) -> bool:
        if self.codec is Codec.VP8 and self._opened:
            opening = opening._replace(x264=self._opened.x264)
        return opening == self._opened

    def _pts(self, timestamp: int) -> int:
        if self.codec is Codec.H264:
            return timestamp
        return self._clock.pts(timestamp, self.current_bitrate / self._opened_bitrate)

    def _nominal_bitrate(self, bitrate: int) -> int:
        """Return the rate for x264, which counts pictures, not their times, to reach `bitrate`."""
        wanted = self._counted(bitrate) * self._budget.factor
        return int(min(wanted, self._opened_bitrate * HEADROOM))

    def _counted(self, bitrate: int) -> float:
        return bitrate * self._opened_fps / max(self.fps, SLOWEST)

    def _is_within_headroom(self, bitrate: int) -> bool:
        lowest, highest = self._opened_bitrate / HEADROOM, self._opened_bitrate * HEADROOM
        if self.codec is Codec.H264:
            raised = bitrate / self._opened_bitrate
            return (
                lowest <= bitrate and raised <= MOST_RAISED and self._counted(bitrate) <= highest
            )
        return lowest <= bitrate <= highest

    def _open(self, opening: Opening, bitrate: int) -> VideoCodecContext:
        self._context = None
        fps = max(self.fps, SLOWEST)
        (width, height), colours, x264 = opening
        self._context = open_encoder(self.codec, width, height, fps, bitrate, colours, x264)
        self._opened = opening
        self._clock = RateScaledClock(fps)
        self._budget = BitBudget()
        self.current_bitrate = self._opened_bitrate = bitrate
        self._current_fps, self._opened_fps = self.fps, fps
        opened = f'{width}x{height} as {self.codec.value} at {bitrate // 1000} kbit/s'
        logger.log(
            logging.DEBUG if opened == self._logged else logging.INFO, 'encoding %s', opened
        )
        self._logged = opened
        return self._context
