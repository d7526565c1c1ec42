"""All that is known about a link by the fate of packets."""

from collections.abc import Sequence

from webrtc_bridge.media.bandwidth.transport.bursts import Burst, Bursts
from webrtc_bridge.media.bandwidth.transport.queue import Queue
from webrtc_bridge.media.bandwidth.transport.random_loss import RandomLoss
from webrtc_bridge.media.bandwidth.transport.trend import MOST_BURSTS
from webrtc_bridge.media.rtp.sent_packets import PacketResult

WINDOW = 0.5
'Seconds over which rates are measured: one frame more or less must not count for much.'


MEMORY = 60
'Bursts by which usual delays are known.'


class Observations:
    """
    The bursts, the queue and the loss of one link. Reads no clock.

    `judged` are the newest bursts of those sent since `restart()`; `has_loss` tells whether the
    last report completed a window of loss, `age` how long ago the newest packet that arrived was
    sent, and `shortest_age` the shortest that this has been.
    """

    def __init__(self) -> None:
        self.bursts = Bursts()
        self.queue = Queue()
        self.loss = RandomLoss()
        self.judged: Sequence[Burst] = ()
        self.has_loss = False
        self.age = self.shortest_age = float('inf')
        self._judged_from = self._usual_from = float('-inf')

    def add(self, results: Sequence[PacketResult], now: float) -> None:
        """Take the fate of some packets, in the order of sending, that is known at `now`."""
        self.bursts.add(results)
        self.has_loss = self.loss.add(results)
        self.judged = self.bursts.since(self._judged_from, MOST_BURSTS)
        self.queue.note(self.judged)
        if self.bursts.newest:
            self.age = now - self.bursts.newest.sent
            self.shortest_age = min(self.age, self.shortest_age)

    def before(self, burst: Burst) -> Sequence[Burst]:
        """Return the bursts ahead of `burst` since the last `accept()`."""
        bursts = self.bursts.since(self._usual_from, len(self.judged) + MEMORY)
        return [one for one in bursts if one.sent < burst.sent]

    def accept(self, now: float) -> None:
        """Take delays from `now` on as usual; until then a queue became shorter."""
        self._usual_from = now

    def restart(self, now: float) -> None:
        """Judge by what is sent from `now` on; the path stays known."""
        self._judged_from = now
        self.judged = ()
        self.loss.restart(now)

    @property
    def carried(self) -> float | None:
        """The bit/s that arrived recently; None until that is known."""
        return self.bursts.throughput(WINDOW)

    @property
    def sent(self) -> float | None:
        """The bit/s at which that was sent."""
        return self.bursts.offered(WINDOW)

    @property
    def standing(self) -> float:
        """The seconds that every burst waits in the queue."""
        return self.queue.standing(self.judged) if self.judged else 0.0
