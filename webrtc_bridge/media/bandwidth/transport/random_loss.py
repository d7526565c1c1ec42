"""
Tell packets that a full queue loses from those that a path loses at any rate.

GCC's limit from loss steps down at 10 % (draft-ietf-rmcat-gcc-02, section 6), and libwebrtc's
newest fits a model of the link. Here loss that stays after a step down is the path's.
"""

from collections.abc import Sequence

from webrtc_bridge.media.rtp.sent_packets import PacketResult

WINDOW, PACKETS = 0.5, 40
'Seconds and packets that loss is measured over, at least.'

LONGEST_WINDOW = 2.0
'Seconds after which fewer packets must do.'

CERTAINTY = 2.5
'Standard deviations of chance that are not taken for a full queue.'

MOST_ACCEPTED = 0.25
'Highest fraction that is taken as lost at any rate.'


class RandomLoss:
    """
    The packets that one viewer loses, as fractions from 0 to 1. Reads no clock.

    `accepted` is lost at any rate. `newest` is what was lost in the newest window, and `beyond`
    how much more that is than what is accepted and chance explain.
    """

    def __init__(self) -> None:
        self.accepted = self.newest = self.beyond = 0.0
        self._counts = [0, 0]
        self._since: float | None = None

    def restart(self, now: float) -> None:
        """Measure what is sent from `now` on."""
        self._counts, self._since = [0, 0], now

    def add(self, results: Sequence[PacketResult]) -> bool:
        """Take the fate of some packets; return whether a window is complete."""
        if self._since is None:
            self._since = results[0].sent
        for sent, arrived, *_ in results:
            if sent >= self._since:
                self._counts[arrived is None] += 1
        elapsed, count = results[-1].sent - self._since, sum(self._counts)
        if elapsed < WINDOW or (count < PACKETS and elapsed < LONGEST_WINDOW) or not count:
            return False
        self.newest = self._counts[1] / count
        likely = max(self.accepted, 1 / count)
        chance = CERTAINTY * (likely * (1 - likely) / count) ** 0.5
        self.beyond = self.newest - self.accepted - chance
        self.restart(results[-1].sent)
        return True

    def accept(self, part: float) -> None:
        """Take the newest loss as the path's, for a `part`."""
        accepted = self.accepted + part * (self.newest - self.accepted)
        self.accepted = min(accepted, MOST_ACCEPTED)
