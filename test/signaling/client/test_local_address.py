import asyncio
import resource

import pytest

from webrtc_bridge.signaling.client import local_address
from webrtc_bridge.signaling.client.local_address import is_own, wait_until_lost


class Transport(asyncio.BaseTransport):
    def __init__(self, address):
        super().__init__({'sockname': address})


@pytest.mark.parametrize(
    ('address', 'own'),
    [
        (('127.0.0.1', 80), True),
        (('::1', 80, 0, 0), True),
        (('198.51.100.1', 80), False),
        (('2001:db8::1', 80, 0, 0), False),
    ],
)
def test_an_address_is_this_machines_or_not(address, own):
    assert is_own(address) is own


async def test_it_is_noticed_when_it_goes(monkeypatch):
    monkeypatch.setattr(local_address, 'INTERVAL', 0.01)
    transport = Transport(('127.0.0.1', 80))
    waiting = asyncio.ensure_future(wait_until_lost(transport))
    done, _ = await asyncio.wait({waiting}, timeout=0.1)
    assert not done
    monkeypatch.setattr(local_address, 'is_own', lambda address: False)
    await asyncio.wait_for(waiting, 5.0)


def test_an_address_is_kept_where_no_file_may_be_opened():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, hard))
    try:
        assert is_own(('127.0.0.1', 80))
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
