"""The thread that encodes the newest picture, once for all who watch."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol

import av

from webrtc_bridge.media.captured_frame import CapturedFrame
from webrtc_bridge.media.encoded_frame import Codec, EncodedFrame
from webrtc_bridge.media.encoder import Encoder
from webrtc_bridge.media.keyframes import KeyframeRequests
from webrtc_bridge.media.rtp_time import RtpTime
from webrtc_bridge.options import EncoderOptions

JOIN_TIMEOUT = 1.0
"Seconds to wait for the thread's last picture; x264 takes 20 ms for one of 1080p."

logger = logging.getLogger(__name__)


class Frames(Protocol):
    """Where the pictures come from; a `Latest[CapturedFrame]` is one."""

    @property
    def closed(self) -> bool:
        """Whether no picture will come any more."""

    def get(self, timeout: float | None = None) -> CapturedFrame | None:
        """Wait for the newest picture; None where there is none yet, or none any more."""

    def close(self) -> None:
        """Wake `get()` for the last time."""


class EncodingThread:
    """
    Encode captured frames, once for each codec that somebody watches; nobody, no work.

    `times` gives the frames of each codec their RTP timestamps. `deliver` gets every encoded
    frame, in this thread. All methods may be called from any thread.
    """

    def __init__(
        self,
        frames: Frames,
        options: EncoderOptions,
        fps: float,
        deliver: Callable[[EncodedFrame], None],
        times: Mapping[Codec, RtpTime] | None = None,
    ) -> None:
        self._frames = frames
        self._bitrate = options.bitrate * 1000
        self._fps = fps
        self._deliver = deliver
        self._times = times or {codec: RtpTime() for codec in Codec}
        self._failing = False
        self._encoders: dict[Codec, tuple[Encoder, KeyframeRequests]] = {}
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name='encoder', daemon=True)

    def start(self) -> None:
        """Start to take frames."""
        self._thread.start()

    def close(self) -> None:
        """Stop, after the frame at hand. The slot that the frames come from is closed too."""
        self._frames.close()
        if self._thread.is_alive():
            self._thread.join(JOIN_TIMEOUT)

    @property
    def codecs(self) -> frozenset[Codec]:
        """The codecs that are watched."""
        with self._lock:
            return frozenset(self._encoders)

    def request_keyframe(self, codec: Codec) -> None:
        """Ask for a keyframe of `codec`, which is encoded from now on if it was not yet."""
        with self._lock:
            if codec not in self._encoders:
                self._encoders[codec] = self._new_encoder(codec)
            self._encoders[codec][1].request()

    def begin_anew(self, codec: Codec) -> None:
        """Let the next picture be a keyframe: what viewers saw last is not of this encoder."""
        with self._lock:
            if codec in self._encoders:
                self._encoders[codec] = self._new_encoder(codec)

    def set_bitrate(self, bitrate: int) -> None:
        """Encode with `bitrate` (bit/s, 0 for automatic) from the next picture on."""
        with self._lock:
            self._bitrate = bitrate
            for encoder, _ in self._encoders.values():
                encoder.bitrate = bitrate

    def _new_encoder(self, codec: Codec) -> tuple[Encoder, KeyframeRequests]:
        encoder = Encoder(codec, self._fps, self._bitrate, self._times[codec])
        return encoder, KeyframeRequests()

    def stop_encoding(self, codec: Codec) -> None:
        """Encode `codec` no longer: nobody watches it."""
        with self._lock:
            self._encoders.pop(codec, None)

    def _run(self) -> None:
        while not self._frames.closed:
            frame = self._frames.get()
            if frame is not None:
                self._encode(frame)

    def _encode(self, frame: CapturedFrame) -> None:
        with self._lock:
            encoders = list(self._encoders.values())
        for encoder, keyframes in encoders:
            if encoder.codec is frame.passed_as:
                continue
            now = time.monotonic()
            try:
                encoded = encoder.encode(frame, keyframe=keyframes.due(now))
            except (av.FFmpegError, ValueError) as error:
                self._note_failure(encoder.codec, error)
                continue
            self._failing = False
            if encoded is None:
                continue
            if encoded.keyframe:
                keyframes.encoded(now)
            self._deliver(encoded)

    def _note_failure(self, codec: Codec, error: Exception) -> None:
        if not self._failing:  # 30 lines a second help nobody
            logger.error('%s picture not encoded: %s', codec.value, error)
        self._failing = True
