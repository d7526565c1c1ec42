"""Packets that are broken, from a peer that is who it says: the session goes on."""

import re
import struct

import pytest
from aiortc.rtp import RtcpPsfbPacket, pack_remb_fci
from support.peers.session_pair import SessionPair

from webrtc_bridge.signaling.protocol.messages import Offer

ONE_OF_TWO = b'REMB\x02' + pack_remb_fci(250_000, [7])[5:]
'An estimate that claims to be of two streams, and names one.'

BROKEN_REPORT = bytes(RtcpPsfbPacket(fmt=15, ssrc=1, media_ssrc=0, fci=ONE_OF_TWO))

SEND_TIME = 'http://www.webrtc.org/experiments/rtp-hdrext/abs-send-time'


@pytest.fixture
async def pair(harness):
    one = SessionPair(harness.broadcast).start()
    await one.received(1)
    yield one
    await one.close()


def with_short_send_time(pair):
    """Return an RTP packet whose time of sending has one byte, not three (RFC 8285, 4.2)."""
    offer = next(message for message in pair.messages if isinstance(message, Offer))
    (number,) = set(re.findall(rf'a=extmap:(\d+) {SEND_TIME}', offer.sdp))
    extension = struct.pack('!HHBBH', 0xBEDE, 1, int(number) << 4, 7, 0)
    return struct.pack('!BBHLL', 0x90, 97, 1, 0, 2) + extension + b'payload'


def transport(session):
    """Return the transport of `session`, which sends what it is given, encrypted."""
    return session._peer.connection.getTransceivers()[0].receiver.transport


async def test_a_broken_report_of_the_viewer_is_dropped(pair):
    await transport(pair.inbound)._send_rtp(BROKEN_REPORT)
    await pair.received(30)
    assert transport(pair.outbound).state == 'connected'
    assert not any(task.done() for task in pair.running)


async def test_a_broken_packet_of_the_sender_is_dropped(pair):
    await transport(pair.outbound)._send_rtp(with_short_send_time(pair))
    await pair.received(10)
    assert transport(pair.inbound).state == 'connected'
    assert not any(task.done() for task in pair.running)
