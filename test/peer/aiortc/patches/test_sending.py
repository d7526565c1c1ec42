"""A sender and its viewer's RTCP, over a real connection to stock aiortc."""

import asyncio

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from aiortc.rtp import (
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
)
from support.peers.fake_peers import ObservingListener
from support.peers.session_pair import DEADLINE, until

from webrtc_bridge.media.bandwidth.feedback import NOTHING
from webrtc_bridge.media.frames import Codec, EncodedFrame
from webrtc_bridge.media.rtp.broadcast import Broadcast
from webrtc_bridge.media.rtp.sent_packets import REMEMBERED
from webrtc_bridge.peer.aiortc.patches.sending import BURST
from webrtc_bridge.peer.aiortc.peer import IceOptions
from webrtc_bridge.peer.aiortc.sending_peer import AiortcSendingPeer

OF_NOBODY = 7


@pytest.fixture
async def connected(nothing_left):
    listener, viewer = ObservingListener(), RTCPeerConnection(RTCConfiguration(iceServers=[]))
    broadcast = Broadcast(lambda encoding: None, lambda encoding: None)
    peer = AiortcSendingPeer('viewer', IceOptions(), listener, broadcast, (Codec.H264,))
    await viewer.setRemoteDescription(RTCSessionDescription(await peer.offer(), 'offer'))
    await viewer.setLocalDescription(await viewer.createAnswer())
    await peer.apply('answer', viewer.localDescription.sdp)
    await asyncio.wait_for(listener.connected.wait(), DEADLINE)
    transport = viewer.getTransceivers()[0].receiver.transport
    await until(lambda: transport.state == 'connected')
    yield listener, transport, peer
    await peer.close()
    await viewer.close()


@pytest.mark.parametrize(
    'packet',
    [
        RtcpRrPacket(ssrc=OF_NOBODY),
        RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=OF_NOBODY, media_ssrc=OF_NOBODY),
        RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=OF_NOBODY, media_ssrc=OF_NOBODY, lost=[1]),
    ],
    ids=['empty report', 'keyframe request', 'retransmission request'],
)
async def test_whatever_a_viewer_says_shows_that_it_is_there(connected, packet):
    """GStreamer's webrtcbin sends empty reports with its requests while packets are lost."""
    listener, transport, _ = connected
    assert listener.feedback == []
    await transport._send_rtp(bytes(packet))
    await until(lambda: listener.feedback)
    assert listener.feedback == [NOTHING]


async def test_what_is_sent_again_between_the_pieces_of_a_large_frame_has_its_own_time(connected):
    """The last piece is a part of one: the numbers behind it are not the frame's."""
    *_, peer = connected
    payloads = (b'\x65' + bytes(99),) * (BURST + 1)
    frame = EncodedFrame(Codec.H264, b''.join(payloads), True, 0, 0, payloads)
    sending = asyncio.ensure_future(peer._frames._send(frame))
    await until(lambda: peer._frames._rtp.numbered.next == len(payloads))
    numbered = peer._frames._rtp.numbered
    numbered.note_retransmission(100, 5.0)
    await sending
    assert numbered.times[len(payloads) % REMEMBERED] == 5.0
    assert all(sent > 5.0 for sent in numbered.times[: len(payloads)])
