"""The encoder of one encoding, from its first viewer to its last."""

import time

from webrtc_bridge.media.codec.encoder import Encoder
from webrtc_bridge.media.codec.encoder_settings import DEFAULT, X264Settings
from webrtc_bridge.media.codec.keyframes import KeyframeRequests
from webrtc_bridge.media.codec.small_layer import SmallLayer
from webrtc_bridge.media.frames import CapturedFrame, EncodedFrame, Encoding, Layer


class RunningEncoder:
    """
    The encoder of `encoding`, its keyframe requests, and what makes its pictures small.

    `fps` is the rate at which pictures are expected; `bitrate` is in bit/s, 0 for automatic.
    """

    def __init__(self, encoding: Encoding, fps: float, bitrate: int) -> None:
        self.encoder = Encoder(encoding, fps, bitrate)
        self.keyframes = KeyframeRequests()
        self._small = SmallLayer(fps) if encoding.layer is Layer.SMALL else None

    def encode(
        self, frame: CapturedFrame, timestamp: int, fps: float, x264: X264Settings = DEFAULT
    ) -> EncodedFrame | None:
        """Return `frame`, one of `fps` a second, encoded; None if it is left out."""
        self.encoder.x264 = x264
        now = time.monotonic()
        keyframe = self.keyframes.due(now)
        self.encoder.fps = fps
        if self._small:
            self._small.configure(fps)
            smaller = self._small.take(frame, self.encoder.bitrate, keyframe)
            if smaller is None:
                return None
            frame = smaller
            self.encoder.fps = self._small.fps
        encoded = self.encoder.encode(frame, timestamp, keyframe=keyframe)
        if encoded and encoded.keyframe:
            self.keyframes.encoded(now)
        return encoded
