"""Peers without a connection, and what listens to one, for tests of what is around them."""

import asyncio
from collections.abc import Callable

from webrtc_bridge.media.bandwidth.feedback import Feedback
from webrtc_bridge.media.frames import Codec, Encoding, Layer
from webrtc_bridge.peer.outbound_session import OutboundSession, SendingPeer, SendingPeerListener
from webrtc_bridge.signaling.protocol.messages import IceCandidate, Message

FULL = Encoding(Codec.H264)


class FakePeer:
    """A `SendingPeer` that sends nothing: `sent` and `sent_bytes` are what a test makes them."""

    def __init__(self, listener: SendingPeerListener, encoding: Encoding | None = None) -> None:
        self.listener = listener
        self.encoding = encoding
        self.sent = 0
        self.sent_bytes = 0
        self.pauses: list[float] = []
        self.idle = False
        self.descriptions: list[tuple[str, str]] = []
        self.candidates: list[IceCandidate | None] = []
        self.closed = False

    async def offer(self) -> str:
        return 'v=0'

    async def apply(self, kind: str, sdp: str) -> None:
        self.descriptions.append((kind, sdp))

    async def candidate(self, candidate: IceCandidate | None) -> None:
        self.candidates.append(candidate)

    def change_layer(self, layer: Layer) -> None:
        assert self.encoding
        self.encoding = Encoding(self.encoding.codec, layer)

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)

    def set_idle(self, idle: bool) -> None:
        self.idle = idle

    async def close(self) -> None:
        self.closed = True


class ObservingListener:
    """Notes what happens to a peer; a `SendingPeerListener`."""

    def __init__(self) -> None:
        self.connected = asyncio.Event()
        self.lost: list[str] = []
        self.candidates: list[IceCandidate | None] = []
        self.feedback: list[Feedback] = []
        self.idle = False

    def on_candidate(self, candidate: IceCandidate | None) -> None:
        self.candidates.append(candidate)

    def on_connected(self) -> None:
        self.connected.set()

    def on_lost(self, reason: str) -> None:
        self.lost.append(reason)

    def on_feedback(self, feedback: Feedback) -> None:
        self.feedback.append(feedback)

    def on_idle(self, idle: bool) -> None:
        self.idle = idle


def fake_session(encoding: Encoding | None = FULL, rate: float | None = None) -> OutboundSession:
    """Return a session whose viewer gets `encoding` over a link that allows `rate`."""
    session, _ = session_with_peer(encoding)
    session.link.rate = rate
    return session


def session_with_peer(
    encoding: Encoding | None,
    send: Callable[[Message], object] = lambda message: None,
    on_demand: Callable[[], None] = lambda: None,
) -> tuple[OutboundSession, FakePeer]:
    """Return a session and the peer that it has made."""
    made: list[FakePeer] = []

    def make_peer(listener: SendingPeerListener) -> SendingPeer:
        made.append(FakePeer(listener, encoding))
        return made[0]

    session = OutboundSession('viewer', 's1', send, make_peer, on_demand=on_demand)
    return session, made[0]
