"""The thread that encodes the newest picture, once for all viewers."""

import logging
import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol

import av

from webrtc_bridge.media.bandwidth.defaults import automatic_bitrate
from webrtc_bridge.media.bandwidth.layer_allocation import Bounds
from webrtc_bridge.media.codec.encoder_settings import DEFAULT, HIGH, X264Settings
from webrtc_bridge.media.codec.frame_rate import FrameRate
from webrtc_bridge.media.codec.keyframes import MINIMUM_INTERVAL
from webrtc_bridge.media.codec.profile_choice import ProfileChoice
from webrtc_bridge.media.codec.running_encoder import RunningEncoder
from webrtc_bridge.media.frames import CapturedFrame, Codec, EncodedFrame, Encoding, Layer
from webrtc_bridge.media.load.load_limiter import LoadLimiter
from webrtc_bridge.media.rtp.rtp_time import PictureTimes, RtpTime
from webrtc_bridge.options import EncoderOptions

JOIN_TIMEOUT = 1.0
'Seconds to wait for the last picture of the thread; x264 takes 20 ms for one of 1080p.'

PASSED_LATELY = 1.0
'Seconds after a frame was passed through in which its codec has no pictures to make small.'

REPEAT_AFTER = 0.2
"""
Seconds after a picture until which a keyframe waits for the next one; then it is made of the same
picture again, which may be the only one, such as a map or a slide.
"""

logger = logging.getLogger(__name__)


class Frames(Protocol):
    """The pictures to encode; a `Latest[CapturedFrame]`, for example."""

    @property
    def closed(self) -> bool:
        """Return whether there will be no more pictures."""

    @property
    def unused(self) -> bool:
        """Return whether there has been no picture yet."""

    def get(self, timeout: float | None = None) -> CapturedFrame | None:
        """Wait for the newest picture; None if there is none in time, or none any more."""

    @property
    def repeated(self) -> bool:
        """Return whether the picture that `get()` returned last is one that it returned before."""

    def repeat(self, after: float = 0.0) -> None:
        """Let `get()` return the newest picture once more, unless one comes in `after` seconds."""

    def clear(self) -> None:
        """Let `get()` return no picture again that was put before."""

    def close(self) -> None:
        """End every `get()`."""


class EncodingThread:
    """
    Encode captured frames once for each encoding that has viewers; without viewers, do nothing.

    `fps` is the rate at which they are expected; the encoders follow the one at which they come.
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
        self._bitrates = options.min_bitrate * 1000, options.bitrate * 1000
        self._rate = FrameRate(fps)
        self._profile = ProfileChoice()
        self._limiter = LoadLimiter()
        self._deliver = deliver
        self._times = times or {codec: RtpTime() for codec in Codec}
        self._failing = False
        self._taken_at = float('-inf')
        self._passed_at = dict.fromkeys(Codec, float('-inf'))
        self._size: tuple[int, int] | None = None
        self._encoders: dict[Encoding, RunningEncoder] = {}
        self._limits: Mapping[Encoding, int] = {}
        self._lock = threading.Lock()
        self._thread = threading.Thread(target=self._run, name='encoder', daemon=True)

    def start(self) -> None:
        """Start to take frames."""
        self._thread.start()

    def close(self) -> None:
        """Stop after the current frame. Closes `frames` too."""
        self._frames.close()
        if self._thread.is_alive():
            self._thread.join(JOIN_TIMEOUT)

    @property
    def codecs(self) -> frozenset[Codec]:
        """The codecs that have viewers."""
        with self._lock:
            return frozenset(encoding.codec for encoding in self._encoders)

    def wants_pictures(self, passed_as: Codec | None = None) -> bool:
        """Return whether anything is encoded of pictures that viewers get `passed_as` a codec."""
        with self._lock:
            return any(is_encoded(encoding, passed_as) for encoding in self._encoders)

    @property
    def bitrates(self) -> Mapping[Encoding, int]:
        """The bit rates in effect, in bit/s; 0 before the first picture of an encoding."""
        with self._lock:
            return {
                encoding: running.encoder.current_bitrate
                for encoding, running in self._encoders.items()
            }

    def bounds(self) -> Mapping[Codec, Bounds]:
        """Return the bounds of each codec; empty before the first picture."""
        with self._lock:
            size, (lowest, highest) = self._size, self._bitrates
            passed_at = dict(self._passed_at)
        if size is None:
            return {}
        highest = highest or automatic_bitrate(*size, self._encoded_rate)
        now = time.monotonic()
        return {
            codec: Bounds(lowest, highest, layered=now - passed_at[codec] >= PASSED_LATELY)
            for codec in Codec
        }

    def note_passed(self, codec: Codec) -> None:
        """Note that a frame of `codec` was passed through."""
        with self._lock:
            self._passed_at[codec] = time.monotonic()

    def request_keyframe(self, encoding: Encoding) -> None:
        """
        Ask for a keyframe of `encoding`, and start to encode it if it had no viewers.

        The first viewer immediately gets the most recent picture: the next one of 30 a second is
        17 ms away on average. Later ones wait for the next picture, up to `REPEAT_AFTER`,
        because the others have seen the most recent one.
        """
        with self._lock:
            is_first = not self._encoders
            if encoding not in self._encoders:
                self._encoders[encoding] = self._new_encoder(encoding)
            self._encoders[encoding].keyframes.request()
        waited = time.monotonic() - self._taken_at
        self._frames.repeat(0.0 if is_first else max(0.0, REPEAT_AFTER - waited))

    def allow_high_profile(self, allowed: bool) -> None:
        """Encode H.264 in the High profile, or no longer; the change starts with a keyframe."""
        with self._lock:
            self._profile.note(allowed, time.monotonic())

    def restart(self, codec: Codec) -> None:
        """Make the next picture a keyframe: viewers last saw one that was not encoded here."""
        with self._lock:
            for encoding in self._encoders:
                if encoding.codec is codec:
                    self._encoders[encoding] = self._new_encoder(encoding)

    def set_bitrates(self, lowest: int, highest: int) -> None:
        """Encode with bit rates between these (bit/s) from the next picture on; 0: automatic."""
        with self._lock:
            before, self._bitrates = self._bitrates, (lowest, highest)
            if highest == before[1]:
                return
            self._apply_bitrates()
        logger.info('highest bit rate changed to %s', shown_bitrate(highest))

    def limit(self, bitrates: Mapping[Encoding, int]) -> None:
        """Limit the bit rates of these encodings, in bit/s; others have no limit."""
        with self._lock:
            self._limits = dict(bitrates)
            self._apply_bitrates()

    def stop_encoding(self, encoding: Encoding) -> None:
        """Stop encoding `encoding`, which has no viewers any more."""
        with self._lock:
            self._encoders.pop(encoding, None)

    @property
    def _encoded_rate(self) -> float:
        """The rate of the pictures that are encoded."""
        return self._rate.value / self._limiter.interval

    def _apply_bitrates(self) -> None:
        for encoding, running in self._encoders.items():
            running.encoder.bitrate = self._bitrate_for(encoding)

    def _bitrate_for(self, encoding: Encoding) -> int:
        _, highest = self._bitrates
        limit = self._limits.get(Encoding(encoding.codec, encoding.layer), highest)
        return min(limit, highest or limit)

    def _new_encoder(self, encoding: Encoding) -> RunningEncoder:
        return RunningEncoder(encoding, self._encoded_rate, self._bitrate_for(encoding))

    def _run(self) -> None:
        while not self._frames.closed:
            frame = self._frames.get()
            if frame is not None:
                try:
                    self._handle(frame, self._frames.repeated)
                except Exception:  # the next may be fine, and nobody else would encode it
                    if not self._failing:  # 30 tracebacks a second help nobody
                        logger.exception('picture not encoded')
                    self._failing = True

    def _handle(self, frame: CapturedFrame, repeated: bool) -> None:
        if not repeated:
            self._taken_at = time.monotonic()
            self._rate.note(frame.capture_ns / 1e9)
        if watched := self._watched(frame):
            began = time.monotonic()
            self._encode(frame, repeated, watched)
            ended = time.monotonic()
            self._limiter.note(frame, ended - began, ended)

    def _watched(self, frame: CapturedFrame) -> Mapping[Encoding, RunningEncoder]:
        """Return the encoders that encode `frame` for some viewer, the full-size layer first."""
        with self._lock:
            self._size = self._limiter.size(frame)
            watched = sorted(self._encoders, key=lambda encoding: encoding.layer is Layer.SMALL)
            return {
                encoding: self._encoders[encoding]
                for encoding in watched
                if is_encoded(encoding, frame.passed_as)
            }

    def _encode(
        self,
        frame: CapturedFrame,
        repeated: bool,
        watched: Mapping[Encoding, RunningEncoder],
    ) -> None:
        """Encode `frame`; if it is `repeated`, only where a keyframe of it is due."""
        needed = repeated or any(running.keyframes.wanted for running in watched.values())
        reduced = self._limiter.take(frame, needed)
        if reduced is None:
            return
        now = time.monotonic()
        x264 = HIGH if self._is_high(now) else DEFAULT
        times = PictureTimes(self._times, frame.capture_ns, repeated)
        for encoding, running in watched.items():
            if repeated:
                if not running.keyframes.due(now):
                    continue
                running.encoder.start_over()
            self._encode_as(running, reduced, times.of(encoding), x264)
        if not self._failing and any(running.keyframes.wanted for running in watched.values()):
            self._frames.repeat(MINIMUM_INTERVAL)  # it was too early; there may be no next picture

    def _is_high(self, now: float) -> bool:
        with self._lock:
            return self._profile.is_high(now)

    def _encode_as(
        self, running: RunningEncoder, frame: CapturedFrame, timestamp: int, x264: X264Settings
    ) -> None:
        try:
            encoded = running.encode(frame, timestamp, self._encoded_rate, x264)
        except (av.FFmpegError, ValueError) as error:
            self._note_failure(running.encoder.codec, error)
            return
        self._failing = False
        if encoded:
            self._deliver(encoded)

    def _note_failure(self, codec: Codec, error: Exception) -> None:
        if not self._failing:  # 30 lines a second help nobody
            logger.error('%s picture not encoded: %s', codec.value, error)
        self._failing = True


def is_encoded(encoding: Encoding, passed_as: Codec | None) -> bool:
    """Return whether pictures that viewers get `passed_as` a codec are encoded as `encoding`."""
    return encoding.bridge == (encoding.codec is passed_as)


def shown_bitrate(bitrate: int) -> str:
    """Return `bitrate` (bit/s, 0 for automatic) as text."""
    return f'{bitrate // 1000} kbit/s' if bitrate else 'automatic'
