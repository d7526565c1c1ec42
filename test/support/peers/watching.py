"""A receiver in the test's own process that notes what it sees."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any

from webrtc_bridge.media.frames import ReceivedFrame
from webrtc_bridge.options import ReceiverOptions
from webrtc_bridge.receiving.frame_sink import PictureSink
from webrtc_bridge.receiving.receiver import Receiver


class Seen:
    """The size of each picture that has come, its time of arrival and its stamp."""

    def __init__(self, on_picture: Callable[[ReceivedFrame], None] = lambda frame: None) -> None:
        self.started = time.monotonic()
        self.sizes: list[tuple[int, int]] = []
        self.times: list[float] = []
        self.stamps: list[int] = []
        self.receiver: Receiver
        self._on_picture = on_picture
        self._loop = asyncio.get_running_loop()
        self._came = asyncio.Event()

    def add(self, frame: ReceivedFrame) -> None:
        self.times.append(time.monotonic())
        self.stamps.append(frame.stamp_ns)
        self.sizes.append((frame.picture.width, frame.picture.height))
        self._loop.call_soon_threadsafe(self._came.set)
        self._on_picture(frame)

    async def wait_for(self, condition: Callable[['Seen'], bool], timeout: float = 20.0) -> None:
        """Wait until `condition(self)` holds; it is looked at when a picture comes."""
        end = time.monotonic() + timeout
        while not condition(self):
            self._came.clear()
            await asyncio.wait_for(self._came.wait(), end - time.monotonic())

    async def wait_for_more(self, number: int, timeout: float = 20.0) -> None:
        goal = len(self.sizes) + number
        await self.wait_for(lambda seen: len(seen.sizes) >= goal, timeout)

    async def path(self) -> str:
        """Return the addresses of the session that is received, which no other session has."""
        return (await self.receiver.report()).path

    async def first_after(self, moment: float, timeout: float = 20.0) -> float:
        """Return when the first picture after `moment` (monotonic) came, once it is there."""
        await self.wait_for(lambda seen: bool(seen.times) and seen.times[-1] > moment, timeout)
        return next(at for at in self.times if at > moment)

    def longest_gap(self, since: float) -> float:
        """Return the longest time without a picture from `since` (monotonic) to the newest."""
        times = [since, *(at for at in self.times if at > since)]
        return max((b - a for a, b in itertools.pairwise(times)), default=0.0)


@asynccontextmanager
async def watching(
    url: str,
    sender_id: str,
    on_picture: Callable[[ReceivedFrame], None] = lambda frame: None,
    **options: Any,
) -> AsyncIterator[Seen]:
    """Follow `sender_id` at the signaling server `url`."""
    seen = Seen(on_picture)
    seen.receiver = Receiver(
        ReceiverOptions(url, sender_id=sender_id, **options), PictureSink(seen.add)
    )
    running = asyncio.ensure_future(seen.receiver.run())
    try:
        yield seen
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
