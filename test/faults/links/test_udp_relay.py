"""The relay that the fault tests rely on."""

import asyncio
import random
import socket

import pytest
from support.links.impaired_link import ImpairedLink, OneLoss
from support.links.rtp_header import RtpHeader, rtp_header
from support.links.udp_relay import Side, UdpRelay, own_address

CANDIDATE = 'candidate:1 1 udp 2130706431 127.0.0.1 {} typ host'


@pytest.fixture
async def relay():
    relay = UdpRelay()
    yield relay
    relay.close()


def peer():
    one = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    one.bind(('127.0.0.1', 0))
    one.setblocking(False)
    return one


def rtp(sequence, payload_type=96):
    return bytes([128, payload_type]) + sequence.to_bytes(2, 'big') + bytes(8) + b'media'


async def test_each_peer_sees_the_other_at_its_door(relay):
    loop = asyncio.get_running_loop()
    with peer() as sender, peer() as receiver:
        lines = [
            relay.rewrite_candidate(CANDIDATE.format(one.getsockname()[1]), side)
            for one, side in ((sender, Side.SENDER), (receiver, Side.RECEIVER))
        ]
        doors = [('127.0.0.1', int(line.split()[5])) for line in lines]
        sender.sendto(b'ping', doors[1])
        data, source = await asyncio.wait_for(loop.sock_recvfrom(receiver, 100), 5)
        assert (data, source) == (b'ping', doors[0])
        receiver.sendto(b'pong', source)
        data, source = await asyncio.wait_for(loop.sock_recvfrom(sender, 100), 5)
        assert (data, source) == (b'pong', doors[1])
        assert (relay.to_receiver.came, relay.to_sender.came) == (1, 1)


async def test_a_name_that_only_this_machine_knows_gets_a_door(relay):
    line = CANDIDATE.replace('127.0.0.1', '0a1b-2c3d.local').format(50000)
    door = relay.rewrite_candidate(line, Side.RECEIVER).split()
    assert door[4] == own_address()
    assert relay.rewrite_candidate(line, Side.RECEIVER).split() == door
    assert int(door[5]) in relay.ports(Side.RECEIVER)


async def test_a_candidate_that_was_rewritten_stays(relay):
    once = relay.rewrite_candidate(CANDIDATE.format(50000), Side.SENDER)
    assert relay.rewrite_candidate(once, Side.SENDER) == once
    assert relay.rewrite_candidate('candidate:1 1 tcp 1 127.0.0.1 9 typ host', Side.SENDER) == ''


async def passed(link, *packets):
    """Return what `link` lets through, in order of arrival."""
    came = []
    for packet in packets:
        link.send(packet, came.append)
    await asyncio.sleep(0.2)  # the loop has called all that was due earlier
    return came


async def test_random_loss_is_as_large_as_asked_for_and_the_same_each_time():
    lost = []
    for _ in range(2):
        link = ImpairedLink(loss=0.1)
        await passed(link, *[b'x'] * 2000)
        lost.append(link.lost)
    assert lost[0] == lost[1]
    assert 150 < lost[0] < 250


async def test_one_packet_and_its_retransmissions_are_lost():
    link = ImpairedLink(resent_types=frozenset({97}))
    link.drop = loss = OneLoss(1, lambda header: header.sequence == 2)
    packets = [rtp(1), rtp(2), rtp(3), rtp(9, 97), rtp(10, 97)]
    assert await passed(link, *packets) == [packets[0], packets[2], packets[4]]
    assert loss.victim == RtpHeader(96, False, 2, 0, 0, False)
    assert loss.lost_resent == 1


def test_rtcp_stun_and_dtls_are_not_rtp():
    for first, second in ((128, 200), (0, 1), (22, 254)):
        assert rtp_header(bytes([first, second]) + bytes(20)) is None


async def test_some_come_twice_and_some_late():
    packets = [bytes([number]) for number in range(100)]
    twice = await passed(ImpairedLink(duplicated=0.5), *packets)
    assert 120 < len(twice) < 180
    assert sorted(set(twice)) == packets
    mixed = await passed(ImpairedLink(reordered=0.2), *packets)
    assert sorted(mixed) == packets != mixed
    late = await passed(ImpairedLink(delay=0.05, jitter=0.1), *packets)
    assert late == packets


async def test_a_narrow_link_drops_what_waits_too_long():
    link = ImpairedLink(rate=8 * 1000 * 100, queue=0.05)  # 100 of 1000 bytes in a second
    size = 1000 - 28
    came = await passed(link, *[random.randbytes(size) for _ in range(20)])
    assert 6 <= len(came) <= 12
    assert link.lost == 20 - len(came)


async def test_what_is_down_passes_nothing(relay):
    relay.set_down(True)
    assert await passed(relay.to_receiver, b'x') == []
    relay.set_down(False)
    assert await passed(relay.to_receiver, b'x') == [b'x']
