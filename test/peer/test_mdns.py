import asyncio

import pytest
from aioice.mdns import create_mdns_protocol
from support.peers.session_pair import until

from webrtc_bridge.peer.candidate_policy import CandidatePolicy
from webrtc_bridge.peer.mdns import (
    MOST_NAMES,
    NamedCandidates,
    name_of,
    resolve_by_multicast,
)
from webrtc_bridge.signaling.protocol.messages import IceCandidate

PLAIN = '203.0.113.7'


def candidate(host):
    return IceCandidate(f'candidate:1 1 udp 2130706431 {host} 50000 typ host', '0', 0)


class LocalNetwork:
    """Answers for names when it is asked to; notes the candidates that got through."""

    def __init__(self):
        self.added = []
        self.asked = {}
        policy = CandidatePolicy(lambda: ['192.168.1.7'])
        self.candidates = NamedCandidates('front', policy, self.add, self.resolve)

    async def add(self, candidate):
        self.added.append(candidate)

    async def resolve(self, name):
        self.asked[name] = asyncio.get_running_loop().create_future()
        return await self.asked[name]

    async def answer(self, name, address):
        await until(lambda: name in self.asked)
        self.asked[name].set_result(address)


@pytest.fixture
async def network():
    network = LocalNetwork()
    yield network
    await network.candidates.close()


@pytest.mark.parametrize(
    ('line', 'name'),
    [
        (candidate('6c1b-2.local').line, '6c1b-2.local'),
        (candidate(PLAIN).line, ''),
        (candidate('a.b.local').line, ''),
        ('candidate:1', ''),
    ],
)
def test_which_candidates_have_a_name(line, name):
    assert name_of(line) == name


async def test_names_wait_for_no_other(network):
    for host in ('a.local', 'b.local', PLAIN):
        await network.candidates.take(candidate(host))
    assert network.added == [candidate(PLAIN)]
    await network.answer('b.local', '192.168.1.8')
    await until(lambda: len(network.added) == 2)
    await network.answer('a.local', '192.168.1.9')
    await until(lambda: len(network.added) == 3)
    assert network.added[1:] == [candidate('192.168.1.8'), candidate('192.168.1.9')]


async def test_the_end_of_the_candidates_waits_for_the_names(network):
    await network.candidates.take(candidate('a.local'))
    await network.candidates.take(None)
    assert network.added == []
    await network.answer('a.local', '192.168.1.9')
    await until(lambda: len(network.added) == 2)
    assert network.added == [candidate('192.168.1.9'), None]


async def test_a_name_that_nobody_answers_is_left_out(network):
    await network.candidates.take(candidate('a.local'))
    await network.candidates.take(None)
    await network.answer('a.local', None)
    await until(lambda: bool(network.added))
    assert network.added == [None]


async def test_a_name_does_not_lead_where_an_address_may_not(network, caplog):
    caplog.set_level('INFO')
    await network.candidates.take(candidate('a.local'))
    await network.candidates.take(None)
    await network.answer('a.local', '127.0.0.1')
    await until(lambda: bool(network.added))
    assert network.added == [None]
    assert 'front: candidate ignored: 127.0.0.1 is loopback' in caplog.text


async def test_names_at_once_are_bounded(network):
    for number in range(3 * MOST_NAMES):
        await network.candidates.take(candidate(f'{number}.local'))
    await until(lambda: len(network.asked) == MOST_NAMES)
    await network.candidates.close()
    assert all(answer.cancelled() for answer in network.asked.values())


async def test_a_name_is_found_in_the_local_network():
    other = await create_mdns_protocol()
    await other.publish('6c1b.local', '192.168.1.9')
    try:
        assert await resolve_by_multicast('6c1b.local') == '192.168.1.9'
    finally:
        await other.close()
