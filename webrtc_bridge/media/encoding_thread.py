"""The thread that encodes the newest picture, once for all who watch."""

import logging
import threading
import time
from collections.abc import Callable

import av

from webrtc_bridge.media.captured_frame import CapturedFrame
from webrtc_bridge.media.encoded_frame import Codec, EncodedFrame
from webrtc_bridge.media.encoder import Encoder
from webrtc_bridge.media.keyframes import KeyframeRequests
from webrtc_bridge.media.latest import Latest
from webrtc_bridge.options import EncoderOptions

JOIN_TIMEOUT = 1.0
"Seconds to wait for the thread's last picture; x264 takes 20 ms for one of 1080p."

logger = logging.getLogger(__name__)


class EncodingThread:
    """
    Encode captured frames, once for each codec that somebody watches; nobody, no work.

    `deliver` gets every encoded frame, in this thread. All methods may be called from any thread.
    """

    def __init__(
        self,
        frames: Latest[CapturedFrame],
        options: EncoderOptions,
        fps: float,
        deliver: Callable[[EncodedFrame], None],
    ) -> None:
        self._frames = frames
        self._options = options
        self._fps = fps
        self._deliver = deliver
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

    def request_keyframe(self, codec: Codec) -> None:
        """Ask for a keyframe of `codec`, which is encoded from now on if it was not yet."""
        with self._lock:
            if codec not in self._encoders:
                encoder = Encoder(codec, self._fps, self._options.bitrate * 1000)
                self._encoders[codec] = (encoder, KeyframeRequests())
            self._encoders[codec][1].request()

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
            now = time.monotonic()
            try:
                encoded = encoder.encode(frame, keyframe=keyframes.due(now))
            except (av.FFmpegError, ValueError) as error:
                logger.error('%s picture not encoded: %s', encoder.codec.value, error)
                continue
            if encoded is None:
                continue
            if encoded.keyframe:
                keyframes.encoded(now)
            self._deliver(encoded)
