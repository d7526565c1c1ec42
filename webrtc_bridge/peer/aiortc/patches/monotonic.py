"""Measure intervals by the monotonic clock, where aiortc and aioice take the one that is set."""

import functools
import time
from types import SimpleNamespace
from typing import Any

import aioice.turn
import aiortc.rate
import aiortc.rtcdtlstransport
import aiortc.rtcrtpreceiver
import aiortc.rtcrtpsender
import aiortc.rtcsctptransport

MODULES: tuple[Any, ...] = (
    aioice.turn,
    aiortc.rtcrtpreceiver,
    aiortc.rtcrtpsender,
    aiortc.rtcsctptransport,
)
'Those that call `time.time()`: for jitter, round trips, timeouts and renewals, all intervals.'


def monotonic_ms() -> int:
    """Return the monotonic time in milliseconds."""
    return time.monotonic_ns() // 1_000_000


@functools.cache
def use_monotonic_clock() -> None:
    """
    Let all of aiortc 1.16 and aioice 0.13 measure intervals by a clock that nobody sets.

    By the wall clock, a step of it ends the renewal of TURN channels and the bandwidth estimates
    for as long as it was, and freezes the event loop: the packets' arrival times are walked
    through millisecond by millisecond, which takes 0.7 s for an hour. A pause of the sender is
    skipped here, too.
    """
    for module in MODULES:
        module.time = _replaced(module.time, time=time.monotonic)
    transport: Any = aiortc.rtcdtlstransport
    transport.clock = _replaced(transport.clock, current_ms=monotonic_ms)
    counter: Any = aiortc.rate.RateCounter
    counter._erase_old = _skipping_pauses(counter._erase_old)


def _replaced(module: Any, **functions: Any) -> SimpleNamespace:
    """
    Return what is in `module`, with other `functions`.

    Raises: AttributeError, if it has none of that name.
    """
    for name in functions:
        getattr(module, name)
    return SimpleNamespace(**{**vars(module), **functions})


def _skipping_pauses(erase_old: Any) -> Any:
    def erase_or_reset(counter: Any, now_ms: int) -> None:
        if now_ms - counter._origin_ms >= 2 * counter._window_size:
            counter.reset()
            counter._origin_ms = now_ms - counter._window_size + 1
        else:
            erase_old(counter, now_ms)

    return erase_or_reset
