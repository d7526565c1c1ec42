"""What may be done with what the other peer says, and when. Decides without I/O."""

from typing import Any

MOST_CANDIDATES = 64
'Candidates taken from one peer; aiortc checks every pair, and 4,000 block it for seconds.'

IceCandidate = dict[str, Any] | None
'A candidate as browsers spell it in JSON, or None for the end of them.'


class Negotiation:
    """
    Puts a session's remote description first and its candidates, which may overtake it, after.

    Returns what is ready to be applied. What a session does not expect is None or an empty list.
    """

    def __init__(self) -> None:
        self._described = False
        self._early: list[IceCandidate] = []
        self._candidates = 0

    def description(self, sdp: str) -> str | None:
        """Take the offer or answer; a second one is not expected."""
        if self._described:
            return None
        self._described = True
        return sdp

    def early_candidates(self) -> list[IceCandidate]:
        """Return the candidates that came before the description, once it is applied."""
        early, self._early = self._early, []
        return early

    def candidate(self, candidate: IceCandidate) -> list[IceCandidate]:
        """Take a candidate."""
        self._candidates += 1
        if self._candidates > MOST_CANDIDATES:
            return []
        if self._described:
            return [candidate]
        self._early.append(candidate)
        return []
