"""Encode pictures for immediate sending."""

import logging
from fractions import Fraction

import av
from aiortc.codecs.h264 import H264Encoder
from aiortc.codecs.vpx import Vp8Encoder
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType
from av.video.reformatter import ColorRange, Colorspace

from webrtc_bridge.media.codec.rate_scaled_clock import RateScaledClock
from webrtc_bridge.media.frames import CapturedFrame, Codec, EncodedFrame, Layer
from webrtc_bridge.media.pixels.to_yuv420p import ToYuv420p
from webrtc_bridge.media.rtp.rtp_time import CLOCK_RATE, RtpTime

BITS_PER_PIXEL = 0.11
'Automatic bit rate: 3.0 Mbit/s at 1280x720 and 30 fps, near what video calls use.'

LOWEST_BITRATE = 400_000
"""
Automatic bit rate of small pictures. Of what would be 253 kbit/s at 320x240 a keyframe may take so
little that the first picture has 15 dB (PSNR, test pattern); at 350 it has 38 dB, at 500 47.
"""

VBV_SECONDS = 0.15
"""
How much of the bit rate one picture may take at once. Without a bound a keyframe of a detailed
720p picture has 100 kB, which a 3 Mbit/s link needs a quarter of a second for; so it has a third.
"""

HEADROOM = 4
"""
How far the bit rate moves, up or down, before the encoder is opened anew, with a keyframe.

x264 changes the rate of a stream that began with a constant one (CBR), and never to more than
the `maxrate` it was opened with; so it is opened with this much more, and told the rate wanted
before the first picture. FFmpeg cannot change `bufsize`, so what a keyframe may take stays.
libvpx is told by `RateScaledClock`.
"""

DROP_BELOW = 30
"""
Percent of libvpx's buffer below which it skips pictures. Without, it gives each at least what its
coarsest quantizer leaves, twice the rate wanted where that is low (640x360 at 50 kbit/s).
"""

THREADS = 2
'Slices of a picture encoded side by side; they shorten the delay and add no picture of it.'

LARGE = 1280 * 720
"""
Pixels above which libvpx gets those threads too. They wait for each other row by row without
sleeping: 640x480 takes 4.9 ms with one and, on a busy machine with 2 cores, 34 ms with two.
"""

logger = logging.getLogger(__name__)


def automatic_bitrate(width: int, height: int, fps: float) -> int:
    """Return a bit rate, in bit/s, that shows this size and rate well."""
    return max(LOWEST_BITRATE, int(width * height * fps * BITS_PER_PIXEL))


def open_encoder(
    codec: Codec, width: int, height: int, fps: float, bitrate: int
) -> VideoCodecContext:
    """Return an encoder that gives each picture's bytes at once: no lookahead, no B-frames."""
    context = av.CodecContext.create('libx264' if codec is Codec.H264 else 'libvpx', 'w')
    assert isinstance(context, VideoCodecContext)
    context.width, context.height = width, height
    context.pix_fmt = 'yuv420p'
    context.time_base = Fraction(1, CLOCK_RATE)
    context.framerate = Fraction(fps).limit_denominator(1001)
    context.thread_count = THREADS if codec is Codec.H264 or width * height > LARGE else 1
    bufsize = str(int(bitrate * VBV_SECONDS))
    if codec is Codec.H264:
        context.bit_rate = bitrate * HEADROOM
        # Constrained baseline: the one profile that aiortc and every browser take (RFC 7742).
        # Keyframes come when somebody joins or lost the picture, never by a timetable.
        context.profile = 'Constrained Baseline'
        context.options = {
            'maxrate': str(context.bit_rate),
            'bufsize': bufsize,
            'preset': 'ultrafast',
            'tune': 'zerolatency',
            'x264-params': 'keyint=infinite:scenecut=0',
        }
    else:
        context.bit_rate = bitrate
        context.options = {
            # The three the same make the rate constant (CBR), which skipping pictures needs.
            'minrate': str(bitrate),
            'maxrate': str(bitrate),
            'bufsize': bufsize,
            'drop-threshold': str(DROP_BELOW),
            'deadline': 'realtime',
            'cpu-used': '8',
            'lag-in-frames': '0',
            'auto-alt-ref': '0',
            'error-resilient': 'default',
            'g': '100000',
            'max-intra-rate': str(int(VBV_SECONDS * fps * 100)),
        }
    # Where the stream does not say, browsers take BT.709, and all colours are a little off.
    context.colorspace = Colorspace.ITU601
    context.color_range = ColorRange.MPEG
    context.open()
    context.bit_rate = bitrate
    return context


class Encoder:
    """
    Encode one stream of pictures with one codec.

    The size may change from picture to picture: the encoder is opened anew, with a keyframe. So
    may `bitrate` (bit/s, 0 for automatic), which any thread may set: it counts from the next
    picture on, and within `HEADROOM` costs no keyframe. When `fps` changes the encoder is opened
    anew. One thread encodes.
    """

    def __init__(
        self, codec: Codec, fps: float, bitrate: int = 0, layer: Layer = Layer.FULL
    ) -> None:
        """Prepare for about `fps` pictures a second, of the size of `layer`."""
        self.codec = codec
        self.layer = layer
        self.bitrate = bitrate
        self.fps = fps
        self._input = ToYuv420p()
        self._time = RtpTime()
        # Of aiortc's encoders only `pack` is used, which cuts RTP payloads (RFC 6184, RFC 7741).
        self._payloader = H264Encoder() if codec is Codec.H264 else Vp8Encoder()
        self._context: VideoCodecContext | None = None
        self._stretched = RateScaledClock(fps)
        self._bitrate = self._opened_with = 0
        self._opened_for = fps

    def encode(
        self, frame: CapturedFrame, *, keyframe: bool = False, timestamp: int | None = None
    ) -> EncodedFrame | None:
        """
        Return `frame` encoded, as a keyframe if asked; None where the encoder skipped it.

        `timestamp` is its RTP time, not wrapped, where that is shared with other encoders.
        """
        picture = self._input.convert(frame.picture)
        context = self._context_for(picture)
        if timestamp is None:
            timestamp = self._time.timestamp(frame.capture_ns)
        picture.pts = self._pts(timestamp)
        picture.time_base = Fraction(1, CLOCK_RATE)
        picture.pict_type = PictureType.I if keyframe else PictureType.NONE
        packets = context.encode(picture)
        if not packets:
            return None
        # Without lookahead and B-frames a picture goes in and its own packet comes out.
        payloads, _ = self._payloader.pack(packets[0])
        return EncodedFrame(
            codec=self.codec,
            data=bytes(packets[0]),
            keyframe=packets[0].is_keyframe,
            timestamp=timestamp & 0xFFFFFFFF,
            time_ns=frame.capture_ns,
            payloads=tuple(payloads),
            layer=self.layer,
        )

    def _context_for(self, picture: av.VideoFrame) -> VideoCodecContext:
        size = (picture.width, picture.height)
        bitrate = self.bitrate or automatic_bitrate(*size, self.fps)
        context = self._context
        if (
            context is None
            or (context.width, context.height) != size
            or (self.fps != self._opened_for)
        ):
            return self._open(*size, bitrate)
        if bitrate == self._bitrate:
            return context
        if not self._is_within_headroom(bitrate):
            return self._open(*size, bitrate)
        self._bitrate = bitrate
        if self.codec is Codec.H264:
            context.bit_rate = bitrate
        logger.debug('encoding %s at %d kbit/s from now on', self.codec.value, bitrate // 1000)
        return context

    def _pts(self, timestamp: int) -> int:
        if self.codec is Codec.H264:
            return timestamp
        return self._stretched.pts(timestamp, self._bitrate / self._opened_with)

    def _is_within_headroom(self, bitrate: int) -> bool:
        return self._opened_with / HEADROOM <= bitrate <= self._opened_with * HEADROOM

    def _open(self, width: int, height: int, bitrate: int) -> VideoCodecContext:
        self._context = None
        self._context = open_encoder(self.codec, width, height, self.fps, bitrate)
        self._stretched = RateScaledClock(self.fps)
        self._bitrate = self._opened_with = bitrate
        self._opened_for = self.fps
        logger.info(
            'encoding %dx%d as %s at %d kbit/s', width, height, self.codec.value, bitrate // 1000
        )
        return self._context
