import asyncio
import time

from webrtc_bridge.peer.watchdog import STALL, Watchdog

DEADLINE = 20.0
SOON = 0.02


class Silences:
    """Counts them, and lets a test wait for the next one."""

    def __init__(self):
        self.count = 0
        self._next = asyncio.Event()

    def __call__(self):
        self.count += 1
        self._next.set()

    async def next(self):
        await asyncio.wait_for(self._next.wait(), DEADLINE)
        self._next.clear()


async def test_silence_is_noticed_when_nothing_was_ever_heard():
    silences = Silences()
    watchdog = Watchdog(SOON, silences)
    await silences.next()
    watchdog.close()


async def test_silence_is_noticed_only_after_the_timeout():
    loop, silences = asyncio.get_running_loop(), Silences()
    watchdog = Watchdog(0.3, silences)
    for _ in range(8):
        await asyncio.sleep(0.05)
        watchdog.heard()
        last = loop.time()
    assert silences.count == 0
    await silences.next()
    assert loop.time() - last >= 0.29
    watchdog.close()


async def test_what_came_while_the_process_stood_still_was_no_silence():
    loop, silences = asyncio.get_running_loop(), Silences()
    watchdog = Watchdog(SOON, silences)
    loop.call_later(2 * SOON, watchdog.heard)
    time.sleep(STALL + 3 * SOON)  # noqa: ASYNC251, as if it were stopped
    begin = loop.time()
    await silences.next()
    assert loop.time() - begin >= SOON / 2
    assert silences.count == 1
    watchdog.close()


async def test_silence_before_and_after_the_process_stood_still_is_told():
    silences = Silences()
    watchdog = Watchdog(SOON, silences)
    time.sleep(STALL + 3 * SOON)  # noqa: ASYNC251, as if it were stopped
    await silences.next()
    watchdog.close()


async def test_a_shorter_silence_counts_from_what_was_heard_last():
    silences = Silences()
    watchdog = Watchdog(DEADLINE, silences)
    await asyncio.sleep(2 * SOON)
    watchdog.allow(SOON)
    await silences.next()
    watchdog.close()


async def test_one_silence_is_told_once():
    silences = Silences()
    watchdog = Watchdog(SOON, silences)
    await silences.next()
    other = Silences()
    later = Watchdog(5 * SOON, other)
    await other.next()
    assert silences.count == 1
    watchdog.close()
    later.close()


async def test_the_next_silence_is_told_again():
    silences = Silences()
    watchdog = Watchdog(SOON, silences)
    for count in (1, 2, 3):
        await silences.next()
        assert silences.count == count
        watchdog.heard()
    watchdog.close()


async def test_a_closed_one_tells_nothing():
    silences, other = Silences(), Silences()
    watchdog, later = Watchdog(SOON, silences), Watchdog(4 * SOON, other)
    watchdog.close()
    watchdog.close()
    watchdog.heard()
    await other.next()
    assert silences.count == 0
    later.close()


async def test_a_closed_one_does_not_listen_again_when_something_is_heard():
    silences = Silences()
    watchdog = Watchdog(SOON, silences)
    await silences.next()
    watchdog.close()
    watchdog.heard()
    other = Silences()
    later = Watchdog(4 * SOON, other)
    await other.next()
    assert silences.count == 1
    assert watchdog._timer is None
    later.close()
