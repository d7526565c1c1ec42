"""Limit the packets that are sent again to one viewer, whatever it asks for. No I/O."""

MOST = 0.5
"""
Retransmissions for each packet sent. Nothing else keeps a viewer from having thousands of packets
sent by each of its own, or a full link from being filled with them: at 300 kbit/s, webrtcbin sent
six times as many retransmissions as new packets.
"""


class RetransmissionBudget:
    """Allow `burst` packets at once, and `MOST` for each packet sent."""

    def __init__(self, burst: int) -> None:
        self._burst = float(burst)
        self._allowed = float(burst)

    def sent(self, count: int) -> None:
        """Note that `count` packets were sent for the first time."""
        self._allowed = min(self._burst, self._allowed + MOST * count)

    def take(self) -> bool:
        """Return whether a packet is sent again, and count it."""
        if self._allowed < 1:
            return False
        self._allowed -= 1
        return True
