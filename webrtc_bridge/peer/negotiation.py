"""Put a peer's description and candidates in order, without I/O."""

import logging

from webrtc_bridge.peer.candidate_policy import CandidatePolicy
from webrtc_bridge.peer.mdns import name_of
from webrtc_bridge.signaling.protocol.messages import IceCandidate

MOST_CANDIDATES = 64
'Candidates taken from one peer; aiortc checks every pair, and 4,000 block it for seconds.'

logger = logging.getLogger(__name__)


class Negotiation:
    """
    Put a session's remote description first, and its candidates, which may overtake it, after.

    The methods return what is ready to be applied: None or an empty list for what a session does
    not expect. Candidates that are too many, or that `policy` refuses, are left out and counted;
    those of TCP, by which no peer here can be reached, are left out. Candidates with an mDNS name
    leave the description for the early ones, as nobody should wait for their address.
    """

    def __init__(self, peer_id: str, policy: CandidatePolicy) -> None:
        self.left_out = 0
        self._peer_id = peer_id
        self._policy = policy
        self._described = False
        self._early: list[IceCandidate | None] = []
        self._candidates = 0
        self._ended = False

    def description(self, sdp: str) -> str | None:
        """Take the offer or answer, without what is left out; a second one is not expected."""
        if self._described:
            return None
        self._described = True
        # aiortc ends a line wherever Python does, and GStreamer at some of these places.
        lines = sdp.splitlines(keepends=True)
        kept = [line for line in lines if not is_candidate(line) or self._takes(line)]
        named = [line.strip()[2:] for line in kept if is_candidate(line) and name_of(line)]
        # All of a session goes by the transport of its first section (RFC 8843).
        self._early[:0] = [IceCandidate(line, first_mid(sdp), 0) for line in named]
        return ''.join(line for line in kept if not is_candidate(line) or not name_of(line))

    def early_candidates(self) -> list[IceCandidate | None]:
        """Return the candidates that came before the description, once it is applied."""
        early, self._early = self._early, []
        return early

    def candidate(self, candidate: IceCandidate | None) -> list[IceCandidate | None]:
        """Take a candidate; None is the end of them."""
        line = candidate.line if candidate else ''
        if line and not self._takes(line):
            return []
        if not line and self._ended:
            return []
        self._ended = self._ended or not line
        if self._described:
            return [candidate]
        self._early.append(candidate)
        return []

    def _takes(self, line: str) -> bool:
        if is_tcp(line):
            return False
        self._candidates += 1
        if self._candidates > MOST_CANDIDATES:
            self.left_out += 1
            return False
        reason = self._policy.why_not(line)
        if reason:
            self.left_out += 1
            logger.info('%s: candidate ignored: %s', self._peer_id, reason)
        return not reason


def first_mid(sdp: str) -> str:
    """Return the identification of the first section of `sdp` (RFC 5888)."""
    lines = (line.partition(':') for line in sdp.splitlines())
    return next((value for key, _, value in lines if key == 'a=mid'), '')


def is_tcp(line: str) -> bool:
    """Return whether a candidate is reached by TCP (RFC 6544 section 4.5)."""
    return 'candidate:' in line and ' tcptype ' in line.lower()


def is_candidate(line: str) -> bool:
    """Return whether a line of SDP is a candidate."""
    return line.strip().startswith('a=candidate:')
