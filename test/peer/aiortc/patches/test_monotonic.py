"""The clocks that aiortc measures by, once they are replaced."""

import ast
import importlib
import inspect
import time
from pathlib import Path

import aiortc
import pytest
from aiortc.rate import RateCounter
from support.cpu_time import measured
from support.peers.session_pair import SessionPair

from webrtc_bridge.peer.aiortc.patches.monotonic import MODULES, use_monotonic_clock

HOUR = 3600
BY_WALL_CLOCK = {'mediastreams'}
'Modules whose tracks of their own are not used.'


@pytest.fixture(autouse=True)
def _replaced():
    use_monotonic_clock()


@pytest.mark.parametrize('seconds', [1, 2, HOUR, 30 * 24 * HOUR, -HOUR])
def test_a_pause_costs_the_rate_of_packets_no_time(seconds):
    """An hour took 0.7 s, 30 days nine minutes."""
    counter = RateCounter(1000)
    counter.add(100, 5_000)
    now = 5_000 + 1000 * seconds
    with measured() as spent:
        counter.rate(now)
    assert spent.seconds < 0.1


@pytest.mark.parametrize('pause', [10, 999, 1000, 1999, 2000, 3_600_000])
def test_rates_are_as_before(pause):
    """Of 100 and 50 bytes in a window of 1 s that ends at `now`."""
    counter = RateCounter(1000)
    counter.add(100, 5_000)
    now = 5_000 + pause
    counter.add(50, now)
    first = 100 if pause < 1000 else 0
    milliseconds = min(pause + 1, 1000)
    assert counter.rate(now) == round(8000 * (first + 50) / milliseconds)


def test_no_module_of_aiortc_measures_by_the_wall_clock():
    """Of a new version, another may."""
    folder = Path(inspect.getfile(aiortc)).parent
    found = {path.stem for path in folder.glob('*.py') if calls_time(path)}
    replaced = {module.__name__ for module in MODULES}
    assert {f'aiortc.{name}' for name in found - BY_WALL_CLOCK} <= replaced
    for module in MODULES:
        assert importlib.import_module(module.__name__).time.time is time.monotonic


def calls_time(path):
    calls = (node for node in ast.walk(ast.parse(path.read_text())) if isinstance(node, ast.Call))
    return any(ast.unparse(call.func) == 'time.time' for call in calls)


async def test_packets_have_monotonic_times_of_arrival(harness):
    pair = SessionPair(harness.broadcast).start()
    try:
        await pair.received(1)
        transport = pair.inbound._peer.connection.getTransceivers()[0].receiver.transport
        handle, arrivals = transport._handle_rtp_data, []

        async def noting(data, arrival_time_ms):
            arrivals.append(arrival_time_ms)
            await handle(data, arrival_time_ms=arrival_time_ms)

        transport._handle_rtp_data = noting
        await pair.received(5)
        assert arrivals
        assert all(0 <= time.monotonic() - arrival / 1000 < 10 for arrival in arrivals)
    finally:
        await pair.close()
