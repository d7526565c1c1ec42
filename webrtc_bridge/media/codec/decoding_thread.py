"""The thread that decodes the frames of one session."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

import av
from av.codec.context import Flags
from av.video.codeccontext import VideoCodecContext

from webrtc_bridge.media.frames import Codec, EncodedFrame

BACKLOG, LATE = 30, 1.0
"""
Encoded frames that may wait for the decoder, and seconds that the first of more may have waited: a
burst that was held up by a lost packet is soon decoded. Each depends on the one before and must be
decoded, though only the newest picture is handed out; beyond this a keyframe comes sooner.
"""

MOST = 10 * BACKLOG
'Frames of a burst.'

CATCH_UP = 0.02
"""
Seconds of delay that may be spent on handing out pictures while newer ones wait. Frames arrive in
a burst after a lost packet was sent again; a consumer that is fast enough gets all of them.
"""

JOIN_TIMEOUT = 1.0
'Seconds to wait for the current picture when the thread is to end.'

logger = logging.getLogger(__name__)


def open_decoder(codec: Codec, starts_anywhere: bool = False) -> VideoCodecContext:
    """
    Return a decoder without delay: no frame threads, no reordering.

    One that `starts_anywhere` returns pictures even before a keyframe or a recovery point.
    """
    context = av.CodecContext.create('h264' if codec is Codec.H264 else 'vp8', 'r')
    assert isinstance(context, VideoCodecContext)
    context.flags |= Flags.low_delay
    if starts_anywhere:
        context.flags |= Flags.output_corrupt
    # Two threads, one per slice, do not pay: 0.77 ms for a picture of 720p instead of 0.59, and a
    # quarter more CPU.
    context.thread_count = 1
    return context


class DecodingThread:
    """
    Decode frames in a thread, and call `on_picture` there with the newest picture.

    While `on_picture` runs, newer frames wait. They are decoded after it, but if it takes long,
    only the last of their pictures is handed out: a slow consumer gets fewer pictures, not old
    ones.
    `on_picture_lost` is called, in that thread or in `put`, when a keyframe is needed. With
    `starts_anywhere`, pictures are handed out before the first one.
    """

    def __init__(
        self,
        name: str,
        on_picture: Callable[[av.VideoFrame, EncodedFrame], None],
        on_picture_lost: Callable[[], None],
        *,
        starts_anywhere: bool = False,
    ) -> None:
        self.dropped = 0
        self._starts_anywhere = starts_anywhere
        self._on_picture = on_picture
        self._on_picture_lost = on_picture_lost
        self._frames: deque[tuple[float, EncodedFrame]] = deque()  # since when they wait
        self._changed = threading.Condition()
        self._bound = BACKLOG
        self._closed = False
        self._took = 0.0  # seconds that `on_picture` ran for the last picture
        self._skipped: int | None = None  # frames since the backlog was dropped; None: in sync
        self._decoder: tuple[Codec, VideoCodecContext] | None = None
        self._thread = threading.Thread(target=self._run, name=f'decoder {name}', daemon=True)
        self._thread.start()

    def put(self, frame: EncodedFrame) -> None:
        """Queue a frame; if too many wait, drop all up to the next keyframe, and ask for one."""
        now = time.monotonic()
        with self._changed:
            if self._is_late(now):
                self.dropped += len(self._frames)
                self._frames.clear()
                self._skipped = 0
            if frame.keyframe:
                self._skipped = None
            if self._skipped is None:
                self._frames.append((now, frame))
                self._changed.notify()
                return
            self.dropped += 1
            self._skipped += 1
            ask = self._skipped % BACKLOG == 1  # again, in case the answer was lost
        if ask:
            self._on_picture_lost()

    def catch_up(self, frames: list[EncodedFrame]) -> None:
        """Decode `frames`, a keyframe first, in place of those that wait; none is dropped."""
        now = time.monotonic()
        with self._changed:
            self._frames = deque((now, frame) for frame in frames)
            self._bound = BACKLOG + len(frames)
            self._skipped = None
            self._changed.notify()

    def _is_late(self, now: float) -> bool:
        waiting = len(self._frames)
        if waiting < self._bound:
            return False
        return now - self._frames[0][0] >= LATE or waiting >= max(MOST, self._bound)

    def close(self) -> None:
        """End the thread after the current picture; idempotent."""
        with self._changed:
            self._closed = True
            self._changed.notify()
        if threading.current_thread() is not self._thread:
            self._thread.join(JOIN_TIMEOUT)

    def _run(self) -> None:
        failed = False
        while (taken := self._take()) is not None:
            try:
                self._handle(*taken)
                failed = False
            except Exception:  # whatever the consumer raised, the next picture may be fine
                if not failed:  # 30 tracebacks a second help nobody
                    logger.exception('%s: picture not handled', self._thread.name)
                failed = True

    def _handle(self, frame: EncodedFrame, waiting: int) -> None:
        picture = self._decode(frame)
        if picture is None:
            return
        if waiting * self._took > CATCH_UP:
            self.dropped += 1
            return
        start = time.monotonic()
        try:
            self._on_picture(picture, frame)
        finally:
            self._took = time.monotonic() - start

    def _take(self) -> tuple[EncodedFrame, int] | None:
        """Return the next frame and the number that wait behind it; None after `close()`."""
        with self._changed:
            self._changed.wait_for(lambda: self._frames or self._closed)
            if self._closed:
                return None
            _, frame = self._frames.popleft()
            self._bound = max(BACKLOG, self._bound - 1)
            return frame, len(self._frames)

    def _decode(self, frame: EncodedFrame) -> av.VideoFrame | None:
        if self._decoder is None or self._decoder[0] is not frame.codec:
            self._decoder = (frame.codec, open_decoder(frame.codec, self._starts_anywhere))
        try:
            pictures = self._decoder[1].decode(av.Packet(frame.data))
        except av.FFmpegError as error:
            logger.debug('picture lost: %s', error)
            self._on_picture_lost()
            return None
        return pictures[-1] if pictures else None
