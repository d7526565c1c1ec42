"""Bound the candidates of this side, without I/O: each once, the best first."""

import re
from collections.abc import Callable, Iterable

from webrtc_bridge.peer.negotiation import MOST_CANDIDATES, is_candidate

IN_DESCRIPTION = 32
'Candidates in a description; the others follow it. A peer checks all, 20 ms apart.'

MOST_ADDRESSES = 48
'Candidates with addresses of this machine; the others are left to STUN and TURN servers.'


class OwnCandidates:
    """
    Choose the candidates that the peer gets; `rank` orders addresses of one type, lowest first.

    More than `MOST_CANDIDATES` are refused by the signaling server and by our peers.
    """

    def __init__(self, rank: Callable[[str], int]) -> None:
        self._rank = rank
        self._known: set[str] = set()
        self._waiting: list[str] = []

    @property
    def waiting(self) -> bool:
        """Whether candidates are to follow the description."""
        return bool(self._waiting)

    def description(self, sdp: str) -> str:
        """
        Return this side's description with its best candidates; `rest` has the others.

        All sections of a bundle have the same ones; its first section keeps them (RFC 8843,
        section 7.1.3).
        """
        head, *sections = re.split(r'^(?=m=)', sdp, flags=re.MULTILINE)
        if 'a=group:BUNDLE' not in head or not sections:
            return sdp
        lines = [line for section in sections for line in section.splitlines(keepends=True)]
        candidates = sorted(dict.fromkeys(filter(is_candidate, lines)), key=self._order)
        candidates = candidates[:MOST_ADDRESSES]
        self._known.update(line_of(candidate) for candidate in candidates)
        first, *others = (without_candidates(section) for section in sections)
        kept = ''.join(candidates[:IN_DESCRIPTION])
        self._waiting = [line_of(candidate) for candidate in candidates[IN_DESCRIPTION:]]
        return ''.join([head, with_candidates(first, kept), *others])

    def rest(self) -> list[str]:
        """Return the candidates that are to follow the description, once."""
        rest, self._waiting = self._waiting, []
        return rest

    def takes(self, line: str) -> bool:
        """Return whether a candidate that was found after the description goes to the peer."""
        line = line_of(line)
        if line in self._known or len(self._known) >= MOST_CANDIDATES:
            return False
        self._known.add(line)
        return True

    def _order(self, candidate: str) -> tuple[int, int]:
        """Return the key of a candidate: first by its type, which its priority starts with."""
        words = line_of(candidate).split()
        return -(int(words[3]) >> 24), self._rank(words[4])


def line_of(candidate: str) -> str:
    """Return a candidate's line of SDP as candidates that are sent alone have it."""
    return candidate.strip().removeprefix('a=')


def without_candidates(section: str) -> str:
    """Return a section without candidates."""
    return ''.join(x for x in section.splitlines(keepends=True) if not is_candidate(x))


def with_candidates(section: str, candidates: str) -> str:
    """Return a section with `candidates` ahead of their end, or at its own end."""
    before, end, after = section.partition('a=end-of-candidates')
    return before + candidates + end + after


def ranks(addresses: Iterable[str]) -> Callable[[str], int]:
    """Return the `rank` by which `addresses` are in their order, and all others after them."""
    known = {address: number for number, address in enumerate(addresses)}
    return lambda address: known.get(address, len(known))
