"""One encode for every session."""

import asyncio
from collections import deque
from collections.abc import Callable

from webrtc_bridge.media.encoded_frame import Codec, EncodedFrame

BACKLOG = 15
"""
Frames that wait for one session, half a second of video. A session that is slower skips to the
next keyframe: late video is worth less than a moment without.
"""


class Subscription:
    """The frames of one codec for one session, from a keyframe on. Belongs to the event loop."""

    def __init__(self, broadcast: 'Broadcast', codec: Codec) -> None:
        self.codec = codec
        self.dropped = 0
        self._broadcast = broadcast
        self._frames: deque[EncodedFrame] = deque()
        self._arrived = asyncio.Event()
        self._in_sync = False

    async def next(self) -> EncodedFrame:
        """Wait for the next frame; the first one, and the first after a gap, is a keyframe."""
        while not self._frames:
            self._arrived.clear()
            await self._arrived.wait()
        return self._frames.popleft()

    def request_keyframe(self) -> None:
        """Pass on that this session's viewer lost the picture."""
        self._broadcast.on_keyframe_wanted(self.codec)

    def close(self) -> None:
        """End it; idempotent."""
        self._broadcast.unsubscribe(self)

    def push(self, frame: EncodedFrame) -> None:
        """Queue `frame`, unless it cannot be decoded without one that was dropped."""
        if len(self._frames) >= BACKLOG:
            self.dropped += len(self._frames)
            self._frames.clear()
            self._in_sync = False
            self.request_keyframe()
        if not (self._in_sync or frame.keyframe):
            self.dropped += 1
            return
        self._in_sync = True
        self._frames.append(frame)
        self._arrived.set()


class Broadcast:
    """Hand every encoded frame to all sessions of its codec. Belongs to the event loop."""

    def __init__(
        self,
        on_keyframe_wanted: Callable[[Codec], None],
        on_codec_unwatched: Callable[[Codec], None],
    ) -> None:
        self.on_keyframe_wanted = on_keyframe_wanted
        self._on_codec_unwatched = on_codec_unwatched
        self._subscriptions: set[Subscription] = set()

    def subscribe(self, codec: Codec) -> Subscription:
        """Join: a keyframe of `codec` is asked for, and the subscription begins with it."""
        subscription = Subscription(self, codec)
        self._subscriptions.add(subscription)
        self.on_keyframe_wanted(codec)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Leave; the last one of a codec ends its encoding."""
        if subscription not in self._subscriptions:
            return
        self._subscriptions.discard(subscription)
        if all(other.codec is not subscription.codec for other in self._subscriptions):
            self._on_codec_unwatched(subscription.codec)

    def publish(self, frame: EncodedFrame) -> None:
        """Queue `frame` for every session of its codec."""
        for subscription in self._subscriptions:
            if subscription.codec is frame.codec:
                subscription.push(frame)
