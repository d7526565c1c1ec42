"""Of pairs with the same priority, those in one network are checked first."""

import itertools

import aioice.ice
import pytest

from webrtc_bridge.peer.aiortc.patches.ice import check_nearest_first, distance

HOST, REFLEXIVE = 2130706431, 1694498815


@pytest.mark.parametrize(
    ('one', 'other', 'bits'),
    [
        ('10.0.0.1', '10.0.0.1', 0),
        ('10.0.0.1', '10.0.0.2', 2),
        ('10.0.0.1', '10.0.1.1', 9),
        ('10.0.0.1', '192.168.1.7', 32),
        ('fd00::1', 'fd00::2', 2),
        ('fd00::1', '10.0.0.1', 128),
    ],
)
def test_the_distance_is_what_follows_the_common_prefix(one: str, other: str, bits: int) -> None:
    assert distance(one, other) == bits


def candidate(host: str, priority: int = HOST) -> aioice.Candidate:
    kind = 'host' if priority == HOST else 'srflx'
    return aioice.Candidate.from_sdp(f'1 1 udp {priority} {host} 9 typ {kind}')


class Protocol:
    """Stands for the socket of a local candidate."""

    def __init__(self, host: str) -> None:
        self.local_candidate = candidate(host)


async def test_the_nearest_of_equals_is_checked_first() -> None:
    check_nearest_first()
    connection = aioice.ice.Connection(ice_controlling=True)
    local = [Protocol(f'172.{n}.0.1') for n in range(17, 30)] + [Protocol('10.77.0.5')]
    remote = [candidate(f'192.168.{n}.1') for n in range(5)]
    remote += [candidate('10.77.0.9'), candidate('10.77.0.6', REFLEXIVE)]
    for one in remote:
        one._network_host = one.host
    for protocol, one in itertools.product(local, remote):
        connection._check_list.append(aioice.ice.CandidatePair(protocol, one))
    connection.sort_check_list()
    first = connection._check_list[0]
    assert (first.local_candidate.host, first.remote_candidate.host) == ('10.77.0.5', '10.77.0.9')
    types = [pair.remote_candidate.type for pair in connection._check_list]
    assert types == sorted(types), 'priority comes first'
    await connection.close()
