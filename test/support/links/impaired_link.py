"""One direction of a network path that loses, delays, reorders, repeats and throttles packets."""

import asyncio
import itertools
import time
from collections.abc import Callable
from typing import Any

from support.links.link_model import HEADERS, LinkModel
from support.links.rtp_header import RtpHeader, rtp_header


class OneLoss:
    """
    A `drop` rule: lose the first packet that is `wanted`, and `resent` retransmissions of it.

    A retransmission hides which packet it repeats, so those that follow the loss count as its.
    """

    def __init__(
        self, resent: float = 0, wanted: Callable[[RtpHeader], bool] = lambda header: True
    ) -> None:
        self.victim: RtpHeader | None = None
        self.lost_resent = 0
        self._resent = resent
        self._wanted = wanted

    def __call__(self, header: RtpHeader) -> bool:
        if self.victim is None:
            if not header.resent and self._wanted(header):
                self.victim = header
            return self.victim is not None
        again = header.ssrc == self.victim.ssrc and header.sequence == self.victim.sequence
        if (header.resent or again) and self.lost_resent < self._resent:
            self.lost_resent += 1
            return True
        return False


class ImpairedLink(LinkModel):
    """Forward datagrams in real time, as its fields say; belongs to an event loop."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._frames: dict[int, float] = {}
        self._timer: asyncio.TimerHandle | None = None

    @property
    def frames(self) -> int:
        """The number of video frames that arrived, lost or not; each has its own timestamp."""
        return len(self._frames)

    def worst_gap(self, since: float) -> float:
        """Return the longest wait for a frame, lost or not, from `since` until now."""
        moments = [since, *(t for t in self._frames.values() if t > since), time.monotonic()]
        return max(later - sooner for sooner, later in itertools.pairwise(moments))

    def send(self, data: bytes, forward: Callable[[bytes], None]) -> None:
        """Take a datagram; `forward` it now, later, twice or never."""
        loop = asyncio.get_running_loop()
        header = rtp_header(data, self.resent_types)
        if header and not header.resent:
            self._frames.setdefault(header.timestamp, time.monotonic())
        self.take(loop.time(), len(data) + HEADERS, header, (forward, data))
        self._forward_what_is_due()

    def change_now(self, **fields: Any) -> None:
        """Set fields; a change of `rate` applies to what is in the queue, too."""
        self.change(asyncio.get_running_loop().time(), **fields)
        self._forward_what_is_due()

    def close(self) -> None:
        """Forget what is under way."""
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _forward_what_is_due(self) -> None:
        loop = asyncio.get_running_loop()
        for forward, data in self.due(loop.time()):
            forward(data)
        if (next_at := self.next_at) is None:
            return
        if self._timer is None or self._timer.when() > next_at:
            self.close()
            self._timer = loop.call_at(next_at, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._forward_what_is_due()
