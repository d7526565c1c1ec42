"""What sessions over aiortc have in common, whichever way the video goes."""

from abc import abstractmethod
from collections.abc import Callable

from webrtc_bridge.peer.aiortc.peer import AiortcPeer, IceOptions
from webrtc_bridge.peer.session import Session
from webrtc_bridge.signaling.protocol.messages import Candidate, IceCandidate, Message


class AiortcSession(Session):
    """A session with one `AiortcPeer`."""

    def __init__(
        self, peer_id: str, session_id: str, ice: IceOptions, send: Callable[[Message], object]
    ) -> None:
        super().__init__(peer_id, session_id, send)
        self._peer = AiortcPeer(peer_id, ice, self._on_connected, self.end, self._tell_candidate)

    def _tell_candidate(self, candidate: IceCandidate | None) -> None:
        self._send(Candidate(self.peer_id, self.session_id, candidate))

    async def _on_candidate(self, candidate: IceCandidate | None) -> None:
        await self._peer.candidate(candidate)

    async def _close(self) -> None:
        self._release()
        await self._peer.close()

    @abstractmethod
    def _release(self) -> None:
        """Let go of what the session holds besides the connection; idempotent."""
