import asyncio
import sys
from pathlib import Path

import pytest

from webrtc_bridge.program import malloc_trim

MIB = 1 << 20


def resident():
    return int(Path('/proc/self/statm').read_text().split()[1]) * 4096


@pytest.mark.skipif(sys.platform != 'linux', reason='needs glibc')
async def test_memory_that_is_free_between_what_stays_is_given_back(monkeypatch):
    monkeypatch.setattr(malloc_trim, 'INTERVAL', 0.05)
    kept = [bytes(1000) for _ in range(100_000)]
    del kept[:90_000]  # what stays is at the top, so that glibc keeps all below it
    before = resident()
    giving_back = asyncio.ensure_future(malloc_trim.trim_periodically())
    for _ in range(100):
        await asyncio.sleep(0.05)
        if resident() < before - 50 * MIB:
            break
    giving_back.cancel()
    assert resident() < before - 50 * MIB
    assert len(kept) == 10_000
