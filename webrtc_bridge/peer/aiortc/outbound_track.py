"""The video track of one outbound session."""

from collections.abc import Callable
from typing import Any

from aiortc import MediaStreamTrack
from aiortc.mediastreams import MediaStreamError

from webrtc_bridge.media.frames import Codec, EncodedFrame
from webrtc_bridge.media.rtp.broadcast import Broadcast, BroadcastSubscription


class OutboundTrack(MediaStreamTrack):
    """
    A broadcast's frames for one session, from when they can be sent.

    `accepts_high`, whether the viewer accepts the High profile of H.264, is set before the first;
    `newest` is the RTP timestamp, as sent, and the time of capture of the last that went out;
    `subscription` is None before the first. `fail` is called if they cannot be sent.
    """

    kind = 'video'

    def __init__(
        self, broadcast: Broadcast, on_failure: Callable[[], None] = lambda: None
    ) -> None:
        super().__init__()
        self._broadcast = broadcast
        self.accepts_high = False
        self.fail = on_failure
        self.newest: tuple[int, int] | None = None
        self.subscription: BroadcastSubscription | None = None

    async def next(self, codec: Codec) -> EncodedFrame:
        """
        Wait for the next frame; the first call joins the broadcast, at a keyframe.

        Raises: MediaStreamError once stopped; the connection may come about after that.
        """
        if self.readyState != 'live':
            raise MediaStreamError
        if self.subscription is None:
            self.subscription = self._broadcast.subscribe(codec, self.accepts_high)
        return await self.subscription.next()

    def request_keyframe(self) -> None:
        """Ask for a keyframe: the viewer lost the picture."""
        if self.subscription:
            self.subscription.request_keyframe()

    async def recv(self) -> Any:
        """Not used: a session's sender calls `next` (see peer/aiortc/patches/sending.py)."""
        raise NotImplementedError

    def stop(self) -> None:
        """Leave the broadcast; idempotent."""
        super().stop()
        if self.subscription:
            self.subscription.close()
