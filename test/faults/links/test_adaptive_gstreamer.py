"""A viewer of a GStreamer sender behind a narrow link gets less; the others notice nothing."""

import itertools
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import pytest
from support.links.signaling_proxy import relayed_signaling
from support.links.udp_relay import UdpRelay
from support.peers.senders import (
    SENDER_ID,
    StartSender,
    skip_unless_installed,
    start_program,
)
from support.peers.session_pair import until
from support.peers.watching import Seen, watching
from support.programs import Program, Start

from webrtc_bridge.media.frames import ReceivedFrame

SIZE, SMALL_SIZE = (640, 480), (320, 240)

SETTLED = 5.0
'Seconds from the first picture to the steady state.'

MEASURED = 3.0

MOST_DELAY = 0.3
'Seconds from capture to reception, on top of those of who is not behind the narrow link.'

FEWEST_FPS = 10

EDGE = 2
'Pictures that may be under way when those that were sent and those that came are counted.'


class Ages:
    """Times (monotonic) at which pictures arrived, and their ages (s)."""

    def __init__(self) -> None:
        self._all: list[tuple[float, float]] = []

    def add(self, frame: ReceivedFrame) -> None:
        self._all.append((time.monotonic(), time.time() - frame.stamp_ns / 1e9))

    def since(self, started: float) -> list[float]:
        """Return the ages of the pictures since `started`, the youngest first."""
        return sorted(age for moment, age in self._all if moment >= started)


@dataclass
class Watched:
    """A viewer behind a relay."""

    seen: Seen
    ages: Ages
    relay: UdpRelay

    @property
    def sent(self) -> int:
        """The number of pictures sent to it."""
        return self.relay.to_receiver.frames

    def packets_each(self) -> Callable[[], float]:
        """Return a function that returns the packets sent to it for each picture from now on."""
        packets, sent = self.relay.to_receiver.came, self.sent
        return lambda: (self.relay.to_receiver.came - packets) / (self.sent - sent)

    def delay(self, started: float) -> float:
        """Return the 95th percentile of the ages since `started`."""
        ages = self.ages.since(started)
        return ages[int(0.95 * len(ages))]


@asynccontextmanager
async def relayed(
    server_url: str, rate: float = 0.0, queue: float = 0.5
) -> AsyncIterator[Watched]:
    """Watch over a link of `rate` bit/s."""
    ages = Ages()
    async with relayed_signaling(server_url) as (url, relay):
        relay.to_receiver.rate, relay.to_receiver.queue = rate, queue
        async with watching(url, SENDER_ID, ages.add) as seen:
            yield Watched(seen, ages, relay)


async def test_a_viewer_on_a_narrow_link_gets_half_size(
    start_module: Start, server: Program
) -> None:
    """Delays and rates are in test_estimator.py, and below."""
    skip_unless_installed('gstreamer')
    sender = await start_program('gstreamer', start_module, server.url)
    async with relayed(server.url) as direct, relayed(server.url, 300e3) as narrow:
        await narrow.seen.wait_for(lambda seen: seen.sizes[-1:] == [SMALL_SIZE])
        await narrow.seen.wait_for_more(15)
        await direct.seen.wait_for_more(15)
        # One size after the other, no picture twice, and the clock goes on.
        sizes = [size for size, _ in itertools.groupby(narrow.seen.sizes)]
        assert sizes == [SIZE, SMALL_SIZE]
        assert all(a < b for a, b in itertools.pairwise(narrow.seen.stamps))
        if sender.output.count(' gets half size') == 1:  # a busy machine looks like a narrow link
            assert set(direct.seen.sizes) == {SIZE}


@pytest.mark.long
async def test_a_viewer_on_a_narrow_link_slows_nobody_and_is_not_late(
    start_sender: StartSender, server: Program
) -> None:
    await start_sender('gstreamer')
    async with relayed(server.url) as direct:
        await direct.seen.wait_for_more(15)
        size_alone = direct.packets_each()
        await direct.seen.wait_for_more(30)
        alone = size_alone()
        size = direct.packets_each()
        started, sent, shown = time.monotonic(), direct.sent, len(direct.seen.times)
        async with relayed(server.url, 300e3) as narrow:
            await narrow.seen.wait_for(lambda seen: seen.sizes[-1:] == [SMALL_SIZE])
            settled = narrow.seen.times[0] + SETTLED
            await until(lambda: time.monotonic() > settled + MEASURED, SETTLED + 3 * MEASURED)
            elapsed = time.monotonic() - settled
            delay, most = narrow.delay(settled), direct.delay(settled) + MOST_DELAY
            assert delay < most, f'{delay:.3f} s, {most:.3f} s'
            # A busy machine makes fewer pictures for all.
            number = len(narrow.ages.since(settled))
            fewest = min(FEWEST_FPS * elapsed, len(direct.ages.since(settled)) / 3)
            assert number >= fewest, f'{number} in {elapsed:.1f} s'
        sent = direct.sent - sent
        shown = len(direct.seen.times) - shown
        assert shown + EDGE >= 0.95 * sent, f'{shown} of {sent}'
        assert set(direct.seen.sizes) == {SIZE}
        # Nor does it get less of each; at the narrow link's rate it would be a third at most.
        assert size() >= 0.6 * alone, f'{size():.1f} packets each, {alone:.1f} before'
        assert direct.seen.longest_gap(started) < 1.0


@pytest.mark.long
async def test_a_link_that_is_wide_again_brings_the_full_size_back(
    start_sender: StartSender, server: Program
) -> None:
    await start_sender('gstreamer')
    async with relayed(server.url, 300e3) as narrow:
        await narrow.seen.wait_for(lambda seen: seen.sizes[-1:] == [SMALL_SIZE])
        narrow.relay.to_receiver.rate = 0.0
        await narrow.seen.wait_for(lambda seen: seen.sizes[-1] == SIZE, 120.0)
        assert all(a < b for a, b in itertools.pairwise(narrow.seen.stamps))
