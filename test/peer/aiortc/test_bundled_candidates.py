import re

import pytest
from aiortc import RTCPeerConnection
from support.peers.fake_peers import ObservingListener
from support.peers.session_pair import until

from webrtc_bridge.peer.aiortc.bundled_candidates import copy_bundled_candidates
from webrtc_bridge.peer.aiortc.peer import AiortcPeer, IceOptions


@pytest.fixture
async def offer(nothing_left):
    """Return an offer of video and data with its candidates in the first section."""
    connection = RTCPeerConnection()
    connection.addTransceiver('video')
    connection.createDataChannel('x')
    await connection.setLocalDescription(await connection.createOffer())
    head, video, data = re.split(r'^(?=m=)', connection.localDescription.sdp, flags=re.M)
    await connection.close()
    return head + video + re.sub(r'^a=(candidate|end-of-candidates).*\r\n', '', data, flags=re.M)


async def test_the_candidates_of_the_first_section_are_those_of_all(offer):
    expected = [line for line in offer.splitlines() if line.startswith('a=candidate')]
    assert expected
    sections = copy_bundled_candidates(offer).split('m=')[1:]
    for section in sections:
        assert [line for line in section.splitlines() if 'candidate:' in line] == expected


def test_what_is_no_bundle_stays():
    sdp = 'v=0\r\nm=video 9\r\na=candidate:1\r\nm=application 9\r\n'
    assert copy_bundled_candidates(sdp) == sdp


async def test_they_are_looked_for_a_path_with(offer):
    peer = AiortcPeer('front', IceOptions(), ObservingListener())
    try:
        await peer.apply('offer', offer)
        transport = peer.connection.getTransceivers()[0].receiver.transport.transport
        assert transport.iceGatherer
        await until(transport.getRemoteCandidates)
    finally:
        await peer.close()
