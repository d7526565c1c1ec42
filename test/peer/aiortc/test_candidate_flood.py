"""A peer that tells of thousands of addresses; all other sessions share its event loop."""

import asyncio
import re
import time

import pytest
from support.peers.fake_peers import ObservingListener

from webrtc_bridge.peer.aiortc.peer import AiortcPeer, IceOptions
from webrtc_bridge.peer.negotiation import MOST_CANDIDATES
from webrtc_bridge.signaling.protocol.messages import IceCandidate

CANDIDATES = 4000
LONGEST_STALL = 1.3
'Seconds; 2.7 with all of them. A step takes under 50 ms on a machine that does nothing else.'


def line(number):
    # TEST-NET-3, where nobody answers (RFC 5737).
    return f'candidate:{number} 1 udp {number + 1} 203.0.113.{number % 250} {number + 1} typ host'


class Stalls:
    """Measures the longest time in which nothing else could run."""

    async def __aenter__(self):
        self.longest = 0.0
        self._ticking = asyncio.create_task(self._tick())
        await asyncio.sleep(0)
        return self

    async def __aexit__(self, *_):
        await asyncio.sleep(0)
        self._ticking.cancel()
        await asyncio.gather(self._ticking, return_exceptions=True)

    async def _tick(self):
        while True:
            begin = time.monotonic()
            await asyncio.sleep(0.001)
            self.longest = max(self.longest, time.monotonic() - begin)


@pytest.fixture
async def pair(nothing_left):
    listeners = [ObservingListener(), ObservingListener()]
    connected = [listener.connected for listener in listeners]
    peers = [AiortcPeer('front', IceOptions(), listener) for listener in listeners]
    peers[0].connection.createDataChannel('x')
    yield *peers, connected
    for peer in peers:
        await peer.close()


async def test_thousands_of_candidates_in_a_description_hold_up_nobody(pair):
    first, second, connected = pair
    more = ''.join(f'a={line(number)}\r\n' for number in range(CANDIDATES))
    offer = await first.offer()
    assert 'a=candidate' in offer
    offer = re.sub(r'(?<=\r\n)(?=a=end-of-candidates|a=ice-ufrag)', more, offer, count=1)
    async with Stalls() as stalls:
        await second.apply('offer', offer)
        await first.apply('answer', await second.answer())
        await asyncio.wait_for(asyncio.gather(*(event.wait() for event in connected)), 10.0)
    assert stalls.longest < LONGEST_STALL
    assert second._negotiation.left_out > CANDIDATES - MOST_CANDIDATES


async def test_thousands_of_candidates_that_trickle_hold_up_nobody(pair):
    first, second, connected = pair
    await second.apply('offer', await first.offer())
    async with Stalls() as stalls:
        for number in range(CANDIDATES):
            await second.candidate(IceCandidate(line(number), '0', 0))
            await asyncio.sleep(0)
        await first.apply('answer', await second.answer())
        await asyncio.wait_for(asyncio.gather(*(event.wait() for event in connected)), 10.0)
    assert stalls.longest < LONGEST_STALL
