"""The RTP session of a real webrtcbin, with a receiver of ours in the same process."""

import pytest
from aiortc.rtp import (
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    is_rtcp,
)
from support.peers.lossy_network import LossyNetwork
from support.peers.session_pair import until

from webrtc_bridge.errors import RequirementError
from webrtc_bridge.gstreamer.library import require_gstreamer
from webrtc_bridge.media.frames import Codec, Encoding
from webrtc_bridge.media.h264.video_size import video_size
from webrtc_bridge.peer.viewer_watchdog import ViewerWatchdog

try:
    require_gstreamer()
except RequirementError as missing:
    pytest.skip(str(missing), allow_module_level=True)

from support.peers.gstreamer_pair import pair_of

FILM = 'videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=30/1'
STILL = 'videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=1/60'
HD = 'videotestsrc is-live=true ! video/x-raw,width=1920,height=1080,framerate=10/1'


async def test_a_lost_picture_is_sent_again_though_none_follows():
    async with pair_of(STILL) as (pair, pipeline):
        await until(lambda: pair.frames)
        LossyNetwork(pair).loses_first_copies = True
        before = len(pair.frames)
        pipeline.request_keyframe(Encoding(Codec.H264))
        await until(lambda: len(pair.frames) > before)
        assert pair.frames[-1].keyframe


async def test_pictures_of_a_higher_level_than_is_offered_arrive():
    async with pair_of(HD) as (pair, _):
        await until(lambda: pair.frames)
        assert video_size(pair.frames[0]) == (1920, 1080)  # level 4 at least, of 3.1


async def test_loss_is_that_of_the_video_not_of_what_is_sent_again():
    async with pair_of(FILM) as (pair, _):
        await until(lambda: len(pair.frames) > 10)
        network = LossyNetwork(pair)
        for copies in (1, 2):
            await network.lose(copies)
            more = len(pair.frames) + 20
            await until(lambda more=more: len(pair.frames) > more)
        assert set(network.victims.values()) == {0}
        received, lost = pair.inbound.packet_counts
        assert lost == 2
        assert received > len(pair.frames)


async def test_a_pause_that_has_begun_begins_again():
    async with pair_of(FILM) as (pair, _):
        await until(lambda: pair.frames)
        branch = pair.outbound._peer._branch
        assert branch.pause(3600)
        assert not branch.pause(0.01)
        before = len(pair.frames)
        await until(lambda: len(pair.frames) > before + 5)
        assert branch.pause(3600)


PLI = bytes(RtcpPsfbPacket(fmt=RTCP_PSFB_PLI, ssrc=7, media_ssrc=9))
SIGNS = {
    'PLI': PLI,
    'NACK': bytes(RtcpRtpfbPacket(fmt=RTCP_RTPFB_NACK, ssrc=7, media_ssrc=9, lost=[1])),
    'empty report and PLI, as webrtcbin': bytes(RtcpRrPacket(ssrc=7)) + PLI,
}


@pytest.mark.parametrize('sign', SIGNS.values(), ids=SIGNS)
async def test_whatever_a_viewer_asks_for_shows_that_it_is_there(monkeypatch, sign):
    heard = []
    async with pair_of(FILM) as (pair, _):
        await until(lambda: pair.frames)
        transport = LossyNetwork(pair).transport
        send = transport._send_rtp

        async def send_no_report(data):
            if not is_rtcp(data):
                await send(data)

        monkeypatch.setattr(transport, '_send_rtp', send_no_report)
        monkeypatch.setattr(ViewerWatchdog, 'heard', lambda _: heard.append(sign))
        await send(sign)
        await until(lambda: heard)
