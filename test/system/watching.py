"""A receiver in the test's own process that notes what it sees."""

import asyncio
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from webrtc_bridge.delivery import Output
from webrtc_bridge.media.received_frame import ReceivedFrame
from webrtc_bridge.options import ReceiverOptions
from webrtc_bridge.receiver import Receiver


class Seen:
    """The size of each picture that has come."""

    def __init__(self) -> None:
        self.sizes: list[tuple[int, int]] = []
        self._loop = asyncio.get_running_loop()
        self._came = asyncio.Event()

    def add(self, frame: ReceivedFrame) -> None:
        self.sizes.append((frame.picture.width, frame.picture.height))
        self._loop.call_soon_threadsafe(self._came.set)

    async def wait_for_more(self, number: int, timeout: float = 20.0) -> None:
        goal, end = len(self.sizes) + number, time.monotonic() + timeout
        while len(self.sizes) < goal:
            self._came.clear()
            await asyncio.wait_for(self._came.wait(), end - time.monotonic())


@asynccontextmanager
async def watching(url: str, sender_id: str, **options: Any) -> AsyncIterator[Seen]:
    """Follow `sender_id` at the signaling server `url`."""
    seen = Seen()
    receiver = Receiver(ReceiverOptions(url, sender_id, **options), Output(seen.add))
    running = asyncio.ensure_future(receiver.run())
    try:
        yield seen
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
