"""The RTP session of a real webrtcbin, with a receiver of ours in the same process."""

import re
import time

import pytest
from aiortc.rtp import (
    RTCP_PSFB_PLI,
    RTCP_RTPFB_NACK,
    RtcpPsfbPacket,
    RtcpRrPacket,
    RtcpRtpfbPacket,
    RtpPacket,
    is_rtcp,
)
from support.peers.lossy_network import LossyNetwork
from support.peers.session_pair import until

from webrtc_bridge.errors import RequirementError
from webrtc_bridge.gstreamer.library import require_gstreamer
from webrtc_bridge.gstreamer.peer.peer import GStreamerPeer
from webrtc_bridge.media.frames import Codec, Encoding
from webrtc_bridge.media.h264.video_size import video_size
from webrtc_bridge.media.rtp.transport_feedback import TRANSPORT_NUMBER
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


TRANSPORT_NUMBERED = re.compile(f'^a=extmap:3 {re.escape(TRANSPORT_NUMBER)}\r$', re.MULTILINE)


def reported_to(monkeypatch, pair):
    """Return a list that gets the fate of each packet that `pair` sends from now on."""
    results = []
    on_feedback = pair.outbound.on_feedback

    def listen(feedback):
        results.extend(feedback.packet_results)
        on_feedback(feedback)

    monkeypatch.setattr(pair.outbound._peer._rtp, '_on_feedback', listen)
    return results


def sizes_of_arrivals(network, payload_type):
    """Return a list that gets the size of each payload that `network` delivers from now on."""
    sizes = []
    deliver = network.deliver

    async def note_and_deliver(data, arrival_time_ms):
        packet = RtpPacket.parse(data)
        if packet.payload_type == payload_type:
            sizes.append(len(packet.payload))
        await deliver(data, arrival_time_ms=arrival_time_ms)

    network.deliver = note_and_deliver
    return sizes


async def test_the_fate_of_each_packet_is_known(monkeypatch):
    begun = time.monotonic()
    async with pair_of(FILM) as (pair, _):
        await until(lambda: pair.frames)
        offer = pair.outbound._peer._webrtc.local_description
        assert TRANSPORT_NUMBERED.search(offer)
        assert offer.count(' transport-cc\r\n') == offer.count(' goog-remb\r\n') > 1
        network = LossyNetwork(pair)
        arrived = sizes_of_arrivals(network, pair.outbound._peer._branch.payload_type)
        results = reported_to(monkeypatch, pair)
        await network.lose(1)
        await until(lambda: any(result.is_retransmission for result in results))
        more = len(results) + 20
        await until(lambda: len(results) > more)
        assert [result.arrived for result in results].count(None) == 1
        times = [result.sent for result in results]
        assert times == sorted(times)
        assert begun < times[0] <= times[-1] <= time.monotonic()
        sizes = [r.size for r in results if r.arrived and not r.is_retransmission][-15:]
        assert sizes in [arrived[first : first + 15] for first in range(len(arrived))]


async def test_a_viewer_that_reports_no_arrivals_gets_no_numbers(monkeypatch):
    answer = GStreamerPeer.apply

    async def apply(peer, kind, sdp):
        await answer(peer, kind, sdp.replace(' transport-cc\r\n', ' goog-remb\r\n'))

    monkeypatch.setattr(GStreamerPeer, 'apply', apply)
    async with pair_of(FILM) as (pair, _):
        await until(lambda: pair.frames)
        network, extensions = LossyNetwork(pair), []
        network.wanted = lambda packet: extensions.append(
            packet.extensions.transport_sequence_number
        )
        results = reported_to(monkeypatch, pair)
        await until(lambda: len(extensions) > 20)
        assert set(extensions) == {None}
        assert not results


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
