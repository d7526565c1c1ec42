"""A session whose peer is the viewer, whichever engine sends."""

import asyncio
import logging
import math
from collections.abc import Callable
from typing import Protocol

from webrtc_bridge.media.bandwidth.feedback import NOTHING, Feedback
from webrtc_bridge.media.bandwidth.link_estimator import better_estimator, first_estimator
from webrtc_bridge.media.frames import Encoding, Layer
from webrtc_bridge.peer.session import Description, PeerListener, Session
from webrtc_bridge.peer.viewer_watchdog import ViewerWatchdog
from webrtc_bridge.signaling.protocol.messages import Answer, IceCandidate, Message, Offer

SMALLEST_CHANGE = 0.01
'The part of a bit rate by which it must change to be reported; feedback comes 20 times a second.'

logger = logging.getLogger(__name__)


class SendingPeerListener(PeerListener, Protocol):
    """Receives the events of a connection that sends, in the event loop."""

    def on_feedback(self, feedback: Feedback) -> None:
        """Take what the viewer reports about its packets; `NOTHING` shows that it is there."""

    def on_idle(self, idle: bool) -> None:
        """Take whether the viewer wants no video for now; repeated."""


class SendingPeer(Protocol):
    """
    One connection that sends video, of either engine. Belongs to the event loop.

    It takes the newest frames from the encoder, and reports to a `SendingPeerListener`.
    """

    @property
    def encoding(self) -> Encoding | None:
        """The encoding that the viewer gets; None before the first frame."""

    @property
    def sent(self) -> int:
        """The number of packets of video sent so far; it never falls while the peer is open."""

    @property
    def sent_bytes(self) -> int:
        """The bytes of video sent so far, without headers and retransmissions."""

    async def offer(self) -> str:
        """
        Return this side's offer, with the candidates that are known at once (SDP).

        Raises: SessionError.
        """

    async def apply(self, kind: str, sdp: str) -> None:
        """
        Apply the peer's description (kind `answer`), and the candidates that came before it.

        Raises: SessionError.
        """

    async def candidate(self, candidate: IceCandidate | None) -> None:
        """Add a candidate of the peer."""

    def change_layer(self, layer: Layer) -> None:
        """Send `layer`, from its next keyframe on."""

    def pause(self, seconds: float) -> None:
        """
        Send nothing for `seconds` from now on, and then a keyframe.

        Nothing older is retransmitted.
        """

    def set_idle(self, idle: bool) -> None:
        """Send nothing, at no cost, while `idle`, and then a keyframe; idempotent."""

    async def close(self) -> None:
        """Close the connection, in limited time; idempotent."""


class OutboundSession(Session):
    """
    Offer a `SendingPeer`'s video to the viewer `peer_id` and send it, as its link allows.

    `make_peer` gets the session, which listens to the peer. `on_rate` is called when the bit rate
    that the `link` to the viewer carries has changed, `on_demand` when `idle` has: whether the
    viewer wants no video for now.
    """

    def __init__(
        self,
        peer_id: str,
        session_id: str,
        send: Callable[[Message], object],
        make_peer: Callable[[SendingPeerListener], SendingPeer],
        on_rate: Callable[[], None] = lambda: None,
        on_demand: Callable[[], None] = lambda: None,
    ) -> None:
        super().__init__(peer_id, session_id, send)
        self.link = first_estimator(peer_id)
        self.idle = False
        self.on_rate = on_rate
        self.offered = self.answered = False
        self._on_demand = on_demand
        self._loop = asyncio.get_running_loop()
        self._sent_when_heard = 0
        self._rate = 0.0
        self._watchdog = ViewerWatchdog(self._on_silence)
        self._peer = make_peer(self)

    @property
    def encoding(self) -> Encoding | None:
        """The encoding that the viewer gets; None before the first frame."""
        return self._peer.encoding

    def change_layer(self, layer: Layer) -> None:
        """Send `layer` to the viewer, from its next keyframe on."""
        self._peer.change_layer(layer)

    def peer_left(self) -> None:
        """Be less patient: the viewer may be gone."""
        self._watchdog.left()

    def on_connected(self) -> None:
        """Start to measure the link."""
        super().on_connected()
        self._watchdog.begin()  # connecting may have taken longer than the silence allowed
        self.link.begin(self._loop.time())

    def on_feedback(self, feedback: Feedback) -> None:
        """Let the link's estimate, and what is sent, follow the viewer's report."""
        self._watchdog.heard()
        self._sent_when_heard = self._peer.sent
        if feedback == NOTHING or self._peer.encoding is None or self.idle:
            return
        self.link = better_estimator(self.link, feedback, self.peer_id)
        if pause := self.link.report(feedback, self._peer.sent_bytes, self._loop.time()):
            logger.debug('%s: pausing for %.2f s, its link is full', self.peer_id, pause)
            self._peer.pause(pause)
        if not math.isclose(self.link.rate or 0.0, self._rate, rel_tol=SMALLEST_CHANGE):
            self._rate = self.link.rate or 0.0
            self.on_rate()

    def on_idle(self, idle: bool) -> None:
        """Send no video while the viewer is idle."""
        self._peer.set_idle(idle)
        if idle is not self.idle:
            self.idle = idle
            wish = 'wants no video for now' if idle else 'wants video again'
            logger.info('%s %s', self.peer_id, wish)
            self._on_demand()

    async def _negotiate(self) -> None:
        sdp = await self._peer.offer()
        self.offered = True
        self._send(Offer(peer_id=self.peer_id, session_id=self.session_id, sdp=sdp))
        await self._take_messages()

    async def _on_description(self, message: Description) -> None:
        if isinstance(message, Answer):
            self.answered = True
            await self._peer.apply('answer', message.sdp)

    async def _on_candidate(self, candidate: IceCandidate | None) -> None:
        await self._peer.candidate(candidate)

    async def _close(self) -> None:
        self._watchdog.close()
        await self._peer.close()

    def _on_silence(self, reason: str) -> None:
        if self._peer.sent > self._sent_when_heard:
            self.end(reason)
        else:
            self._watchdog.begin()  # there was nothing to report
