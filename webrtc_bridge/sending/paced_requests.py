"""The requests of viewers, one after the other: a crowd must not stop the video of those there."""

import asyncio
from collections.abc import Callable

from webrtc_bridge.signaling.protocol.messages import RequestOffer

AT_ONCE = 8
INTERVAL = 0.025
"""
Sessions that may begin at once, and seconds for each one more.

To begin one takes 7 ms of the thread that sends the video.
"""

MOST = 64
'Requests that wait; beyond that the oldest is refused.'


class PacedRequests:
    """
    Call `begin` for each request, as soon as it may begin; the newest first.

    Those that never answer repeat theirs, so the newest is most likely a viewer's.
    `refuse` is called for one that waits too long. Belongs to the event loop.
    """

    def __init__(
        self, begin: Callable[[RequestOffer], None], refuse: Callable[[RequestOffer], None]
    ) -> None:
        self._begin = begin
        self._refuse = refuse
        self._waiting: dict[str, RequestOffer] = {}
        self._timer: asyncio.TimerHandle | None = None
        self._next_at = 0.0

    def add(self, request: RequestOffer) -> None:
        """Take a request, which replaces an earlier one of its viewer."""
        self._waiting.pop(request.peer_id, None)
        self._waiting[request.peer_id] = request
        if len(self._waiting) > MOST:
            self._refuse(self._waiting.pop(next(iter(self._waiting))))
        if self._timer is None:
            self._go_on()

    def forget(self, session_id: str) -> None:
        """Drop a request whose viewer has left."""
        for request in list(self._waiting.values()):
            if request.session_id == session_id:
                del self._waiting[request.peer_id]

    def clear(self) -> None:
        """Drop all requests."""
        self._waiting.clear()
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _go_on(self) -> None:
        self._timer = None
        loop = asyncio.get_running_loop()
        while self._waiting:
            wait = self._next_at - (AT_ONCE - 1) * INTERVAL - loop.time()
            if wait > 0:
                self._timer = loop.call_later(wait, self._go_on)
                return
            self._next_at = max(self._next_at, loop.time()) + INTERVAL
            _, newest = self._waiting.popitem()
            self._begin(newest)
