"""One viewer's WebRTC session with a GStreamer sender, from its request to the end."""

import asyncio
from collections.abc import Callable
from typing import Any

from webrtc_bridge.peer.gstreamer_feedback import Feedback, ViewerRate
from webrtc_bridge.peer.gstreamer_peer import GStreamerPeer, PeerEvents
from webrtc_bridge.peer.gstreamer_pipeline import GStreamerPipeline
from webrtc_bridge.peer.negotiation import IceCandidate
from webrtc_bridge.peer.session import Description, Session
from webrtc_bridge.peer.watchdog import Watchdog
from webrtc_bridge.signaling.messages import Answer, Candidate, Message, Offer

SILENCE = 10.0
'Seconds without an RTCP report after which a viewer is gone; they come every second or so.'


class GStreamerSession(Session):
    """
    Offer the pipeline's video to `peer_id` and send it; its life is one call of `run`.

    aiortc need not be installed for it.
    `on_rate` is called when what the viewer's link carries may have changed. Belongs to the event
    loop.
    """

    def __init__(
        self,
        peer_id: str,
        session_id: str,
        ice_servers: tuple[dict[str, Any], ...],
        send: Callable[[Message], object],
        pipeline: GStreamerPipeline,
        on_rate: Callable[[], None],
    ) -> None:
        super().__init__(peer_id, session_id, send)
        self.rate = ViewerRate()
        self._on_rate = on_rate
        self._loop = asyncio.get_running_loop()
        self._watchdog = Watchdog(SILENCE, self._on_silence)
        events = PeerEvents(self._send_candidate, self._on_connected, self.end, self._on_feedback)
        self.peer = GStreamerPeer(peer_id, ice_servers, pipeline, events)

    async def _negotiate(self) -> None:
        sdp = await self.peer.offer()
        self._send(Offer(peer_id=self.peer_id, session_id=self.session_id, sdp=sdp))
        await self._take_messages()

    async def _on_description(self, message: Description) -> None:
        if isinstance(message, Answer):
            await self.peer.apply(message.sdp)

    async def _on_candidate(self, candidate: IceCandidate) -> None:
        self.peer.candidate(candidate)

    async def _close(self) -> None:
        self._watchdog.close()
        await self.peer.close()

    def _send_candidate(self, candidate: IceCandidate) -> None:
        self._send(Candidate(self.peer_id, self.session_id, candidate))

    def _on_connected(self) -> None:
        super()._on_connected()
        self._watchdog.heard()  # connecting may have taken longer than the silence allowed

    def _on_feedback(self, feedback: Feedback) -> None:
        self._watchdog.heard()
        self.rate.report(feedback, self._loop.time())
        self._on_rate()

    def _on_silence(self) -> None:
        if self._connected.done():
            self.end(f'no feedback from the viewer for {SILENCE:.0f} s')
