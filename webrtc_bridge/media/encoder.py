"""Encode pictures for immediate sending."""

import logging
from fractions import Fraction

import av
from aiortc.codecs.h264 import H264Encoder
from aiortc.codecs.vpx import Vp8Encoder
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from webrtc_bridge.media.captured_frame import CapturedFrame
from webrtc_bridge.media.encoded_frame import Codec, EncodedFrame
from webrtc_bridge.media.pixels import EncoderInput
from webrtc_bridge.media.rtp_time import CLOCK_RATE, RtpTime

BITS_PER_PIXEL = 0.11
'Automatic bit rate: 3.0 Mbit/s at 1280x720 and 30 fps, near what video calls use.'

VBV_SECONDS = 0.15
"""
How much of the bit rate one picture may take at once. Without a bound a keyframe of a detailed
720p picture has 100 kB, which a 3 Mbit/s link needs a quarter of a second for; so it has a third.
"""

THREADS = 2
'Slices of a picture encoded side by side; they shorten the delay and add no picture of it.'

logger = logging.getLogger(__name__)


def automatic_bitrate(width: int, height: int, fps: float) -> int:
    """Return a bit rate, in bit/s, that shows this size and rate well."""
    return int(width * height * fps * BITS_PER_PIXEL)


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
    context.bit_rate = bitrate
    context.thread_count = THREADS
    limits = {'maxrate': str(bitrate), 'bufsize': str(int(bitrate * VBV_SECONDS))}
    if codec is Codec.H264:
        # Constrained baseline: the one profile that aiortc and every browser take (RFC 7742).
        # Keyframes come when somebody joins or lost the picture, never by a timetable.
        context.profile = 'Constrained Baseline'
        context.options = limits | {
            'preset': 'ultrafast',
            'tune': 'zerolatency',
            'x264-params': 'keyint=infinite:scenecut=0',
        }
    else:
        context.options = limits | {
            'deadline': 'realtime',
            'cpu-used': '8',
            'lag-in-frames': '0',
            'auto-alt-ref': '0',
            'error-resilient': 'default',
            'g': '100000',
            'max-intra-rate': str(int(VBV_SECONDS * fps * 100)),
        }
    return context


class Encoder:
    """
    Encode one stream of pictures with one codec.

    The size may change from picture to picture: the encoder is opened anew, with a keyframe. Not
    thread-safe: one thread encodes.
    """

    def __init__(self, codec: Codec, fps: float, bitrate: int = 0) -> None:
        """Prepare for about `fps` pictures a second; `bitrate` in bit/s, 0 for automatic."""
        self.codec = codec
        self._fps = fps
        self._bitrate = bitrate
        self._input = EncoderInput()
        self._time = RtpTime()
        # Of aiortc's encoders only `pack` is used, which cuts RTP payloads (RFC 6184, RFC 7741).
        self._payloader = H264Encoder() if codec is Codec.H264 else Vp8Encoder()
        self._context: VideoCodecContext | None = None

    def encode(self, frame: CapturedFrame, *, keyframe: bool = False) -> EncodedFrame | None:
        """Return `frame` encoded, as a keyframe if asked; None where the encoder skipped it."""
        picture = self._input.convert(frame.picture)
        context = self._context_for(picture)
        timestamp = self._time.timestamp(frame.capture_ns)
        picture.pts = timestamp
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
        )

    def _context_for(self, picture: av.VideoFrame) -> VideoCodecContext:
        context = self._context
        if context is None or (context.width, context.height) != (picture.width, picture.height):
            bitrate = self._bitrate or automatic_bitrate(picture.width, picture.height, self._fps)
            context = open_encoder(self.codec, picture.width, picture.height, self._fps, bitrate)
            self._context = context
            logger.info(
                'encoding %dx%d as %s at %d kbit/s',
                picture.width,
                picture.height,
                self.codec.value,
                bitrate // 1000,
            )
        return context
