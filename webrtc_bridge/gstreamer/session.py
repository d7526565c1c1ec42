"""One viewer's WebRTC session with a GStreamer sender, from its request to the end."""

import asyncio
import logging
from collections.abc import Callable

from webrtc_bridge.gstreamer.peer import GStreamerPeer, PeerEvents
from webrtc_bridge.gstreamer.pipeline import GStreamerPipeline
from webrtc_bridge.media.bandwidth.estimator import BandwidthEstimator
from webrtc_bridge.media.bandwidth.feedback import Feedback
from webrtc_bridge.media.frames import Layer
from webrtc_bridge.peer.session import Description, Session
from webrtc_bridge.peer.viewer_watchdog import ViewerWatchdog
from webrtc_bridge.signaling.protocol.messages import (
    Answer,
    Candidate,
    IceCandidate,
    IceServer,
    Message,
    Offer,
)

logger = logging.getLogger(__name__)


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
        ice_servers: tuple[IceServer, ...],
        send: Callable[[Message], object],
        pipeline: GStreamerPipeline,
        on_rate: Callable[[], None],
    ) -> None:
        super().__init__(peer_id, session_id, send)
        self.link = BandwidthEstimator()
        self._on_rate = on_rate
        self._loop = asyncio.get_running_loop()
        self._watchdog = ViewerWatchdog(self._on_silence)
        self._sequence_when_heard = 0
        events = PeerEvents(self._send_candidate, self._on_connected, self.end, self._on_feedback)
        self.peer = GStreamerPeer(peer_id, ice_servers, pipeline, events)

    def peer_left(self) -> None:
        """Take it that the viewer may be gone."""
        self._watchdog.left()

    @property
    def layer(self) -> Layer:
        """The layer that the viewer gets."""
        return self.peer.layer

    def change_layer(self, layer: Layer) -> None:
        """Let the viewer get `layer` from its next keyframe on."""
        self.peer.change_layer(layer)

    async def _negotiate(self) -> None:
        sdp = await self.peer.offer()
        self._send(Offer(peer_id=self.peer_id, session_id=self.session_id, sdp=sdp))
        await self._take_messages()

    async def _on_description(self, message: Description) -> None:
        if isinstance(message, Answer):
            await self.peer.apply(message.sdp)

    async def _on_candidate(self, candidate: IceCandidate | None) -> None:
        self.peer.candidate(candidate)

    async def _close(self) -> None:
        self._watchdog.close()
        await self.peer.close()

    def _send_candidate(self, candidate: IceCandidate | None) -> None:
        self._send(Candidate(self.peer_id, self.session_id, candidate))

    def _on_connected(self) -> None:
        super()._on_connected()
        self._sequence_when_heard = self.peer.sequence
        self._watchdog.begin()  # connecting may have taken longer than the silence allowed
        self.link.begin(self._loop.time())

    def _on_feedback(self, feedback: Feedback, sent_bytes: int) -> None:
        self._watchdog.heard()
        self._sequence_when_heard = self.peer.sequence
        before = self.link.rate
        if pause := self.link.report(feedback, sent_bytes, self._loop.time()):
            logger.debug('%s: nothing for %.2f s, its link is full', self.peer_id, pause)
            self.peer.pause(pause)
        if self.link.rate != before:
            self._on_rate()

    def _on_silence(self, reason: str) -> None:
        if self.peer.sequence != self._sequence_when_heard:
            self.end(reason)
        else:
            self._watchdog.begin()  # there was nothing that it could have reported
