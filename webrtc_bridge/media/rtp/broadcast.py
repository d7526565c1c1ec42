"""Distribute the frames of each encoding to all sessions."""

import asyncio
from collections import deque
from collections.abc import Callable

from webrtc_bridge.media.frames import Codec, EncodedFrame, Encoding, Layer

BACKLOG = 15
"""
Frames that may wait for one session: half a second of video. A slower session skips to the next
keyframe: late video is worth less than a moment without video.
"""


class BroadcastSubscription:
    """
    The frames of one encoding for one session, from a keyframe on. Belongs to the event loop.

    `encoding` is the one it gets, or will get from the next keyframe on; `sent_bytes` counts the
    bytes that it got. Unless its viewer `accepts_high`, it gets no frames of the High profile.
    """

    def __init__(
        self, broadcast: 'Broadcast', encoding: Encoding, accepts_high: bool = False
    ) -> None:
        self.encoding = encoding
        self.accepts_high = accepts_high
        self.dropped = 0
        self.sent_bytes = 0
        self._broadcast = broadcast
        self._previous: Encoding | None = None
        self._lacks_keyframe = True
        self._frames: deque[EncodedFrame] = deque()
        self._arrived = asyncio.Event()
        self._in_sync = False
        self._pause: asyncio.TimerHandle | None = None
        self._idle = False
        self._closed = False

    async def next(self) -> EncodedFrame:
        """Wait for the next frame; the first one, and the first after a gap, is a keyframe."""
        while not self._frames:
            self._arrived.clear()
            await self._arrived.wait()
        return self._frames.popleft()

    def request_keyframe(self) -> None:
        """Ask for a keyframe, because this session's viewer lost the picture."""
        if self._joined:  # else there will be one when it joins again
            self._lacks_keyframe = True
            self._broadcast.on_keyframe_wanted(self.encoding)

    def change_layer(self, layer: Layer) -> None:
        """Ask for a keyframe of `layer`, and switch to it when that comes."""
        if layer is self.encoding.layer or self._closed:
            return
        if self._previous and not self._previous.bridge:
            self._stay(self._previous)
            return
        if self._previous:
            self._broadcast.leave(self, self._previous)
            self._previous, self._in_sync = None, False
        before, self.encoding = self.encoding, Encoding(self.encoding.codec, layer)
        if self._joined:
            self._previous = before
            self._broadcast.join(self, self.encoding)

    def pause(self, seconds: float) -> None:
        """
        Drop all frames that wait or come in the next `seconds`; continue at a keyframe.

        A pause that has begun lasts for so long from now on.
        """
        if self._idle or self._closed:
            return
        if self._pause:
            self._pause.cancel()
        else:
            self._leave_all()
            self._drop_waiting()
        self._pause = asyncio.get_running_loop().call_later(seconds, self._resume)

    def set_idle(self, idle: bool) -> None:
        """Get nothing while `idle`; continue at a keyframe. Idempotent."""
        if idle is self._idle or self._closed:
            return
        self._idle = idle
        self._end_pause()
        if idle:
            self._leave_all()
            self._drop_waiting()
        else:
            self._broadcast.join(self, self.encoding)

    def close(self) -> None:
        """End the subscription; idempotent."""
        self._closed = True
        self._end_pause()
        self._leave_all()

    def push(self, frame: EncodedFrame) -> None:
        """Queue `frame`, unless it depends on one that was dropped."""
        if frame.high and not self.accepts_high:
            return  # the encoder changes over for this viewer with its next picture
        if frame.bridge or frame.layer is not self.encoding.layer:
            if not self._in_sync and not (frame.bridge and frame.keyframe):
                return
        elif self._previous:
            if not frame.keyframe:
                return
            previous, self._previous = self._previous, None
            self._broadcast.leave(self, previous)
        if len(self._frames) >= BACKLOG:
            self._drop_waiting()
            self.request_keyframe()
        if not (self._in_sync or frame.keyframe):
            self.dropped += 1
            return
        self._in_sync = True
        if frame.keyframe:
            self._lacks_keyframe = False
        self.sent_bytes += len(frame.data)
        self._frames.append(frame)
        self._arrived.set()

    def cross(self, bridge: Encoding) -> None:
        """Get `bridge` until the next keyframe, if this waits for one. Idempotent."""
        if not self._lacks_keyframe or self._previous or not self._joined:
            return
        self._drop_waiting()
        self._previous = bridge
        self._broadcast.join(self, bridge)

    @property
    def _joined(self) -> bool:
        return not (self._pause or self._idle or self._closed)

    def _end_pause(self) -> None:
        if self._pause:
            self._pause.cancel()
            self._pause = None

    def _stay(self, encoding: Encoding) -> None:
        """Stay with `encoding`, because the keyframe of the other one has not come yet."""
        self._broadcast.leave(self, self.encoding)
        self.encoding, self._previous = encoding, None
        if not self._in_sync:
            self.request_keyframe()

    def _drop_waiting(self) -> None:
        self.dropped += len(self._frames)
        self._frames.clear()
        self._in_sync = False
        self._lacks_keyframe = True

    def _leave_all(self) -> None:
        self._broadcast.leave(self, self.encoding)
        self._broadcast.leave(self, self._previous)
        self._previous = None

    def _resume(self) -> None:
        self._pause = None
        self._broadcast.join(self, self.encoding)


class Broadcast:
    """
    Give every encoded frame to all sessions of its encoding. Belongs to the event loop.

    `waits` returns whether its source has had no picture yet.
    """

    def __init__(
        self,
        on_keyframe_wanted: Callable[[Encoding], None],
        on_unwatched: Callable[[Encoding], None],
        waits: Callable[[], bool] = lambda: False,
    ) -> None:
        self.on_keyframe_wanted = on_keyframe_wanted
        self.waits = waits
        self._on_unwatched = on_unwatched
        self._subscriptions: dict[Encoding, set[BroadcastSubscription]] = {}

    @property
    def all_accept_high(self) -> bool:
        """Return whether all viewers of H.264 accept its High profile."""
        return all(
            subscription.accepts_high
            for encoding, subscriptions in self._subscriptions.items()
            if encoding.codec is Codec.H264
            for subscription in subscriptions
        )

    def subscribe(self, codec: Codec, accepts_high: bool = False) -> BroadcastSubscription:
        """Return a new subscription, which starts with a keyframe of `codec`."""
        subscription = BroadcastSubscription(self, Encoding(codec), accepts_high)
        self.join(subscription, subscription.encoding)
        return subscription

    def join(self, subscription: BroadcastSubscription, encoding: Encoding) -> None:
        """Give `subscription` the frames of `encoding` too, and ask for a keyframe."""
        self._subscriptions.setdefault(encoding, set()).add(subscription)
        self.on_keyframe_wanted(encoding)

    def bridge(self, encoding: Encoding) -> None:
        """Give those subscriptions of `encoding` that wait for a keyframe its bridge till then."""
        bridge = Encoding(encoding.codec, encoding.layer, bridge=True)
        if bridge in self._subscriptions:
            self.on_keyframe_wanted(bridge)
        for subscription in tuple(self._subscriptions.get(encoding, ())):
            subscription.cross(bridge)

    def leave(self, subscription: BroadcastSubscription, encoding: Encoding | None) -> None:
        """Give it no more frames of `encoding`, which ends with its last one. Idempotent."""
        subscriptions = self._subscriptions.get(encoding) if encoding else None
        if encoding and subscriptions and subscription in subscriptions:
            subscriptions.discard(subscription)
            if not subscriptions:
                del self._subscriptions[encoding]
                self._on_unwatched(encoding)

    def publish(self, frame: EncodedFrame) -> None:
        """Queue `frame` for every session of its encoding."""
        for subscription in self._subscriptions.get(frame.encoding, ()):
            subscription.push(frame)
