import asyncio
import itertools
import logging
import queue
import re
import time

import numpy as np
import pytest
from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from support.peers.lossy_network import LossyNetwork
from support.peers.sdp_samples import CHROMIUM
from support.peers.session_pair import (
    HEIGHT,
    WIDTH,
    Ends,
    SessionPair,
    outbound_session,
    until,
)

from webrtc_bridge.media.bandwidth.transport.estimator import TransportEstimator
from webrtc_bridge.media.capture.pattern import (
    BARS,
    Pattern,
    bar_rectangle,
    read_clock,
)
from webrtc_bridge.media.codec.decoding_thread import DecodingThread
from webrtc_bridge.media.frames import Codec, EncodedFrame
from webrtc_bridge.media.pixels.planes import plane_pixels
from webrtc_bridge.media.rtp import outbound_rtp
from webrtc_bridge.media.rtp.broadcast import Broadcast
from webrtc_bridge.media.rtp.capture_clock import CaptureClock
from webrtc_bridge.media.rtp.payloader import h264_payloads
from webrtc_bridge.peer import session, viewer_watchdog
from webrtc_bridge.peer.aiortc.inbound_session import InboundSession
from webrtc_bridge.peer.aiortc.peer import IceOptions
from webrtc_bridge.peer.aiortc.sending_peer import preferences
from webrtc_bridge.peer.outbound_session import OutboundSession
from webrtc_bridge.peer.session import SessionState
from webrtc_bridge.signaling.protocol.fields import MAX_TEXT
from webrtc_bridge.signaling.protocol.messages import Answer, Bye, Candidate, IceCandidate, Offer

DEADLINE = 20.0
FREEZE = 1.5
'Seconds; without a repair of our own a lost retransmission freezes the video for 5 s and more.'

CODECS = pytest.mark.parametrize('codec', list(Codec))


def silent_broadcast():
    return Broadcast(lambda codec: None, lambda codec: None)


def bar_colours(picture):
    pixels = picture.to_ndarray(format='rgb24').astype(int)
    height, width = pixels.shape[:2]
    colours = {}
    for name in BARS:
        left, top, right, bottom = bar_rectangle(name)
        y, x = int(height * (top + bottom) / 2), int(width * (left + right) / 2)
        colours[name] = pixels[y - 4 : y + 4, x - 4 : x + 4].mean(axis=(0, 1))
    return colours


def assert_shows_the_pattern(picture):
    assert (picture.width, picture.height) == (WIDTH, HEIGHT)
    assert read_clock(plane_pixels(picture.planes[0])) is not None
    for name, colour in bar_colours(picture).items():
        assert np.abs(colour - BARS[name]).max() < 40, name


async def next_picture(pictures):
    return await until(lambda: None if pictures.empty() else pictures.get())


@CODECS
async def test_pictures_arrive_with_their_clock_and_colours(connect, codec):
    pair = connect((codec,))
    shown = []
    decoder = DecodingThread('x', lambda *one: shown.append(one), pair.inbound.request_keyframe)
    try:
        frames = await pair.received(20)
        for frame in frames:
            assert frame.codec is codec
            decoder.put(frame)
        await until(lambda: shown and shown[-1][1] is frames[-1])
        assert_shows_the_pattern(shown[-1][0])
        clocks = [read_clock(plane_pixels(picture.planes[0])) for picture, _ in shown]
        assert clocks == sorted(set(clocks))
    finally:
        decoder.close()
    assert pair.outbound.state is pair.inbound.state is SessionState.CONNECTED


@CODECS
async def test_frames_arrive_as_they_were_encoded(connect, harness, codec):
    pair = connect((codec,))
    frames = await pair.received(15)
    assert [f.keyframe for f in frames] == [True] + [False] * 14
    sent = [f.data.replace(b'\0\0\0\1', b'\0\0\1') for f in harness.encoded]
    got = [f.data.replace(b'\0\0\0\1', b'\0\0\1') for f in frames]
    begin = sent.index(got[0])
    assert sent[begin : begin + len(got)] == got


async def test_the_arrival_of_each_packet_is_reported_and_believed(connect):
    pair = connect()
    await until(lambda: isinstance(pair.outbound.link, TransportEstimator))
    await pair.received(30)
    assert pair.outbound.link.rate is None or pair.outbound.link.rate > 200e3


async def test_h264_is_taken_where_both_have_it(connect):
    frame, *_ = await connect().received(1)
    assert frame.codec is Codec.H264


async def test_the_order_of_codecs_is_the_senders(connect):
    frame, *_ = await connect((Codec.VP8, Codec.H264)).received(1)
    assert frame.codec is Codec.VP8


async def test_two_receivers_are_served_from_one_encode(connect, harness):
    pairs = [connect(), connect()]
    for pair in pairs:
        await pair.received(10)
    stamps = [frame.time_ns for frame in harness.encoded]
    assert len(stamps) == len(set(stamps))
    both = [{frame.data for frame in pair.frames} for pair in pairs]
    assert len(both[0] & both[1]) > 5


async def test_receivers_of_both_codecs_are_served_at_once(connect):
    first, second = connect((Codec.H264,)), connect((Codec.VP8,))
    assert {frame.codec for frame in await first.received(5)} == {Codec.H264}
    assert {frame.codec for frame in await second.received(5)} == {Codec.VP8}


async def test_a_late_joiner_starts_at_a_keyframe_and_nobody_misses_a_frame(connect, harness):
    first = connect()
    await first.received(10)
    late = connect()
    frames = await late.received(10)
    assert frames[0].keyframe
    assert first.frames[0].keyframe
    index = {frame.data: n for n, frame in enumerate(first.frames)}
    shared = [index[f.data] for f in late.frames if f.data in index]
    assert shared == list(range(shared[0], shared[0] + len(shared)))
    steps, encoded = (
        list(np.diff([f.timestamp for f in n])) for n in (first.frames, harness.encoded)
    )
    assert any(steps == encoded[n : n + len(steps)] for n in range(len(encoded)))


@CODECS
async def test_a_lost_picture_reaches_the_encoder(connect, codec):
    pair = connect((codec,))
    await pair.received(15)
    shown = len(pair.frames)
    assert sum(frame.keyframe for frame in pair.frames) < 3  # nearly all are small ones
    pair.inbound.request_keyframe()
    await until(lambda: any(frame.keyframe for frame in pair.frames[shown:]))


async def test_nothing_is_encoded_once_the_last_receiver_left(connect, harness):
    pair = connect()
    await pair.received(3)
    await pair.close()
    await until(lambda: not harness.encoding.wants_pictures())
    encoded = len(harness.encoded)
    again = connect()
    frames = await again.received(3)
    assert harness.encoded[encoded].keyframe or harness.encoded[encoded + 1].keyframe
    assert frames[0].keyframe


async def test_the_sender_ends_and_the_receiver_knows_why(connect):
    pair = connect()
    await pair.received(1)
    pair.outbound.end('enough')
    assert await pair.reasons() == ['enough', 'the peer said bye (enough)']
    assert [m for m in pair.messages if isinstance(m, Bye)] == [Bye('viewer', 's1', 'enough')]
    assert pair.outbound.state is pair.inbound.state is SessionState.ENDED


async def test_the_receiver_ends_and_the_sender_knows_why(connect):
    pair = connect()
    await pair.received(1)
    pair.inbound.end('switched')
    assert await pair.reasons() == ['the peer said bye (switched)', 'switched']


async def test_the_first_reason_counts(connect):
    pair = connect()
    pair.outbound.end('first')
    pair.outbound.end('second')
    assert (await pair.reasons())[0] == 'first'


async def test_a_receiver_that_goes_without_bye_is_noticed(connect):
    pair = connect()
    await pair.received(1)
    pair.send_from_inbound = lambda message: None
    pair.inbound.end('power cut')
    outbound, _ = await pair.reasons()
    assert outbound == 'the peer is gone'


@pytest.mark.parametrize('left', [False, True], ids=['', 'whose socket is gone'])
async def test_a_viewer_without_feedback_is_gone(connect, monkeypatch, left):
    name = 'SILENCE_AFTER_EXIT' if left else 'SILENCE'
    monkeypatch.setattr(viewer_watchdog, name, 0.4)
    monkeypatch.setattr(viewer_watchdog, 'REPORTS_MISSED', 0.0)
    pair = connect()
    await pair.received(1)
    if left:
        await until(lambda: pair.outbound._watchdog._heard_at)
        pair.outbound.peer_left()
    transport = pair.outbound._peer.connection.getTransceivers()[0].sender.transport

    async def nothing(data):
        pass

    monkeypatch.setattr(transport, '_handle_rtcp_data', nothing)
    outbound, _ = await pair.reasons()
    assert outbound.startswith('no feedback from the viewer')


async def test_a_viewer_that_was_sent_nothing_has_nothing_to_report(nothing_left, monkeypatch):
    # aiortc sends its first report after the first frame, which a lost camera may keep back.
    monkeypatch.setattr(viewer_watchdog, 'SILENCE', 0.2)
    silences = asyncio.Queue()
    on_silence = OutboundSession._on_silence

    def count(session, reason):
        silences.put_nowait(None)
        on_silence(session, reason)

    monkeypatch.setattr(OutboundSession, '_on_silence', count)
    pair = SessionPair(silent_broadcast()).start()
    await until(lambda: pair.outbound.state is SessionState.CONNECTED)
    for _ in range(4):
        await asyncio.wait_for(silences.get(), DEADLINE)
    assert pair.outbound.state is SessionState.CONNECTED
    await pair.close()


BROKEN = [
    '',
    'nonsense',
    'v=0\r\n',
    'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n',
    'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video 9 UDP/TLS/RTP/SAVPF\r\n',
    'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\nm=video x UDP/TLS/RTP/SAVPF 96\r\n',
    'v=0\r\no=- 1 1 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\na=group:BUNDLE 0\r\n'
    'm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=mid:0\r\na=rtpmap:96 VP8/90000\r\n',
]


@pytest.mark.parametrize('sdp', BROKEN, ids=range(len(BROKEN)))
async def test_a_broken_answer_ends_the_session_with_a_reason(nothing_left, caplog, sdp):
    sent = Ends()
    outbound = outbound_session(sent, silent_broadcast(), (Codec.H264,))
    running = asyncio.ensure_future(outbound.run())
    await sent.next(Offer)
    outbound.receive(Answer('viewer', 's1', sdp))
    reason = await asyncio.wait_for(running, DEADLINE)
    assert reason.startswith('bad answer')
    assert [bye.reason for bye in sent.byes] == [reason]
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize('sdp', BROKEN, ids=range(len(BROKEN)))
async def test_a_broken_offer_ends_the_session_with_a_reason(nothing_left, caplog, sdp):
    sent = Ends()
    inbound = InboundSession('front', 's1', IceOptions(), sent, print)
    running = asyncio.ensure_future(inbound.run())
    inbound.receive(Offer('front', 's1', sdp))
    reason = await asyncio.wait_for(running, DEADLINE)
    assert reason.startswith('bad offer')
    assert [bye.reason for bye in sent.byes] == [reason]
    assert not [record for record in caplog.records if record.exc_info]


@pytest.mark.parametrize(
    ('codec', 'named'),
    [
        ('VP9/90000', 'VP9'),
        ('AV1/90000', 'AV1'),
        ('H265/90000', 'H265'),
        ('H264/90000', 'H264 (profile-level-id 6e0028, packetization-mode 1)'),
    ],
)
async def test_a_codec_that_cannot_be_received_is_named_with_those_that_can(
    nothing_left, codec, named
):
    offer = re.sub('(VP8|H264)/90000', codec, CHROMIUM).replace('42e01f', '6e0028')
    if 'H264' in codec:  # High 10 alone
        offer = offer.replace('a=rtpmap:96 H264', 'a=rtpmap:96 VP9')
        named = f'VP9, {named}'
    sent = Ends()
    inbound = InboundSession('front', 's1', IceOptions(), sent, print)
    inbound.receive(Offer('front', 's1', offer))
    reason = await asyncio.wait_for(inbound.run(), DEADLINE)
    assert reason == (
        'no video that can be received, which is VP8 and H264 (Baseline, Main, High): '
        f"the peer offers '{named}'"
    )
    # The sender logs it: as much of it as the server passes on.
    (bye,) = sent.byes
    assert bye.reason == reason if len(reason) <= MAX_TEXT else f'{reason[: MAX_TEXT - 1]}…'
    assert len(bye.reason) <= MAX_TEXT


UNUSABLE = CHROMIUM.replace('VP8/', 'VP9/').replace('a=rtpmap:103 H264/', 'a=rtpmap:103 AV1/')


async def test_an_offer_without_a_usable_codec_ends_the_session_with_their_names(nothing_left):
    sent = Ends()
    inbound = InboundSession('front', 's1', IceOptions(), sent, print)
    inbound.receive(Offer('front', 's1', UNUSABLE))
    reason = await asyncio.wait_for(inbound.run(), DEADLINE)
    assert reason.endswith("the peer offers 'VP9, AV1'")
    assert [bye.reason for bye in sent.byes] == [reason]


async def test_an_answer_without_a_usable_codec_ends_the_session_with_their_names(nothing_left):
    sent = Ends()
    outbound = outbound_session(sent, silent_broadcast(), (Codec.H264,))
    running = asyncio.ensure_future(outbound.run())
    offer = await sent.next(Offer)
    answer = re.sub('(H264|rtx)/', 'AV1/', offer.sdp).replace('actpass', 'active')
    outbound.receive(Answer('viewer', 's1', answer))
    reason = await asyncio.wait_for(running, DEADLINE)
    assert reason == "the viewer takes no H264, which is all that was offered, but 'AV1'"


@pytest.mark.parametrize('mode', ['0', '1'])
@pytest.mark.parametrize('profile', ['42e01f', '42001f', '4d0028', '640028', '640c1f'])
async def test_an_offer_of_one_kind_of_h264_alone_is_answered_with_it(nothing_left, profile, mode):
    parameters = f'packetization-mode={mode};profile-level-id={profile}'
    offer = CHROMIUM.replace('VP8/', 'VP9/').replace(
        'packetization-mode=1;profile-level-id=42e01f', parameters
    )
    assert parameters in offer
    sent = Ends()
    inbound = InboundSession('front', 's1', IceOptions(), sent, print)
    running = asyncio.ensure_future(inbound.run())
    inbound.receive(Offer('front', 's1', offer))
    answer = await sent.next(Answer)
    accepted = next(line for line in answer.sdp.splitlines() if line.startswith('a=fmtp:103 '))
    assert f'packetization-mode={mode}' in accepted
    assert f'profile-level-id={profile[:4]}' in accepted
    assert ' VP9/' not in answer.sdp
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_our_own_offers_have_what_our_encoders_make(nothing_left):
    sent = Ends()
    outbound = outbound_session(sent, silent_broadcast())
    running = asyncio.ensure_future(outbound.run())
    offer = await sent.next(Offer)
    assert 'packetization-mode=0' not in offer.sdp
    assert 'profile-level-id=4d' not in offer.sdp
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)


async def test_candidates_may_come_before_the_description(harness):
    pair = SessionPair(harness.broadcast)
    held = []
    pair.send_from_outbound = held.append
    pair.start()
    await until(lambda: held)
    lines = held[0].sdp.split('\r\n')
    candidates = [line[2:] for line in lines if line.startswith('a=candidate')]
    assert candidates
    for candidate in candidates:
        pair.inbound.receive(Candidate('front', 's1', IceCandidate(candidate, '0', 0)))
    pair.inbound.receive(Candidate('front', 's1', None))
    bare = '\r\n'.join(line for line in lines if 'candidate' not in line)
    pair.send_from_outbound = pair.to_inbound
    pair.to_inbound(Offer('front', 's1', bare))
    try:
        assert await pair.received(3)
    finally:
        await pair.close()


async def test_a_description_and_candidates_of_one_side_alone_do_not_connect(
    nothing_left, monkeypatch
):
    monkeypatch.setattr(session, 'CONNECT_TIMEOUT', 0.3)
    sent = Ends()
    outbound = outbound_session(sent, silent_broadcast(), (Codec.H264,))
    reason = await asyncio.wait_for(outbound.run(), DEADLINE)
    assert reason.startswith('no connection after')
    assert [bye.reason for bye in sent.byes] == [reason]


async def test_a_receiver_without_an_offer_gives_up(nothing_left, monkeypatch):
    monkeypatch.setattr(session, 'CONNECT_TIMEOUT', 0.3)
    inbound = InboundSession('front', 's1', IceOptions(), print, print)
    reason = await asyncio.wait_for(inbound.run(), DEADLINE)
    assert reason.startswith('no connection after')


async def test_a_peer_that_answers_but_cannot_be_reached_is_given_up(nothing_left, monkeypatch):
    monkeypatch.setattr(session, 'CONNECT_TIMEOUT', 0.5)
    pair = SessionPair(silent_broadcast())
    pair.send_from_outbound = lambda message: pair.to_inbound(
        Offer('viewer', 's1', message.sdp.replace('127.0.0.1', '192.0.2.77'))
        if isinstance(message, Offer)
        else message
    )
    pair.send_from_inbound = lambda message: pair.to_outbound(
        Answer('front', 's1', message.sdp.replace('127.0.0.1', '192.0.2.77'))
        if isinstance(message, Answer)
        else message
    )
    pair.start()
    for reason in await pair.reasons():
        assert 'no connection after' in reason or 'no path to the peer' in reason


async def test_more_messages_than_a_session_can_have_are_dropped(nothing_left, caplog):
    inbound = InboundSession('front', 's1', IceOptions(), print, print)
    with caplog.at_level(logging.WARNING):
        for _ in range(session.INBOX + 5):
            inbound.receive(Candidate('front', 's1', None))
    assert caplog.text.count('too many messages') == 5
    inbound.end('done')
    assert await asyncio.wait_for(inbound.run(), DEADLINE) == 'done'


async def test_an_error_of_our_own_ends_the_session_and_is_logged(nothing_left, caplog):
    sent = Ends()
    inbound = InboundSession('front', 's1', IceOptions(), sent, print)

    async def broken(message):
        raise RuntimeError('a bug')

    inbound._on_description = broken
    inbound.receive(Offer('front', 's1', 'v=0'))
    assert await asyncio.wait_for(inbound.run(), DEADLINE) == 'internal error'
    assert 'RuntimeError: a bug' in caplog.text


@pytest.mark.parametrize('moment', [0, 1, 2, 3, 5, 8, 13, 21, 34, 55, 89])
async def test_ended_at_any_moment_of_connecting_it_leaves_nothing(harness, moment):
    pair = SessionPair(harness.broadcast).start()
    await asyncio.sleep(0)
    for _ in range(moment):
        await asyncio.sleep(0.001)
    await pair.close()
    assert pair.outbound.state is pair.inbound.state is SessionState.ENDED
    await until(lambda: not harness.encoding.wants_pictures())


# With the stock aiortc at the other end.


@CODECS
async def test_a_stock_aiortc_receiver_gets_pictures(harness, codec):
    stock = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    tracks = asyncio.Queue()
    stock.on('track', tracks.put_nowait)
    sent = Ends()
    outbound = outbound_session(sent, harness.broadcast, (codec,))
    running = asyncio.ensure_future(outbound.run())
    try:
        offer = await sent.next(Offer)
        await stock.setRemoteDescription(RTCSessionDescription(offer.sdp, 'offer'))
        await stock.setLocalDescription(await stock.createAnswer())
        outbound.receive(Answer('viewer', 's1', stock.localDescription.sdp))
        track = await asyncio.wait_for(tracks.get(), DEADLINE)
        clocks = []
        for _ in range(10):
            picture = await asyncio.wait_for(track.recv(), DEADLINE)
            clocks.append(read_clock(plane_pixels(picture.planes[0])))
        assert clocks == sorted(set(clocks))
        assert_shows_the_pattern(picture)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        await stock.close()


class PatternTrack(VideoStreamTrack):
    """The test pattern, as an application of stock aiortc would send it."""

    def __init__(self):
        super().__init__()
        self.pattern = Pattern(WIDTH, HEIGHT)

    async def recv(self):
        pts, time_base = await self.next_timestamp()
        picture = self.pattern.draw(10**18 + pts * 10**9 // 90_000)
        picture.pts, picture.time_base = pts, time_base
        return picture


@CODECS
async def test_pictures_of_a_stock_aiortc_sender_arrive(nothing_left, codec):
    stock = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    transceiver = stock.addTransceiver(PatternTrack(), 'sendonly')
    transceiver.setCodecPreferences(preferences((codec,)))
    sent, frames, pictures = Ends(), [], queue.Queue()
    inbound = InboundSession('stock', 's1', IceOptions(), sent, frames.append)
    decoder = DecodingThread('x', lambda p, f: pictures.put(p), print)
    running = asyncio.ensure_future(inbound.run())
    try:
        await stock.setLocalDescription(await stock.createOffer())
        inbound.receive(Offer('stock', 's1', stock.localDescription.sdp))
        answer = await sent.next(Answer)
        await stock.setRemoteDescription(RTCSessionDescription(answer.sdp, 'answer'))
        await until(lambda: len(frames) >= 10)
        for frame in frames:
            assert frame.codec is codec
            decoder.put(frame)
        assert_shows_the_pattern(await next_picture(pictures))
        keyframes = sum(frame.keyframe for frame in frames)
        inbound.request_keyframe()
        await until(lambda: sum(frame.keyframe for frame in frames) > keyframes)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
        decoder.close()
        await stock.close()


# With a network that loses packets.


def longest_freeze(pair):
    return max(np.diff(pair.times))


@CODECS
async def test_a_lost_packet_is_sent_again(connect, harness, codec):
    pair = connect((codec,))
    await pair.received(10)
    network = LossyNetwork(pair)
    for copies in (1, 2):
        await network.lose(copies)
        await pair.received(20)
    assert set(network.victims.values()) == {0}
    received, lost = pair.inbound.packet_counts
    assert lost == 2, 'not that of the media'
    assert received > len(pair.frames)
    assert sum(frame.keyframe for frame in harness.encoded) == 1
    data = [f.data.replace(b'\0\0\0\1', b'\0\0\1') for f in pair.frames]
    sent = [f.data.replace(b'\0\0\0\1', b'\0\0\1') for f in harness.encoded]
    begin = sent.index(data[0])
    assert data == sent[begin : begin + len(data)]
    assert longest_freeze(pair) < FREEZE


async def test_what_is_lost_where_sequence_numbers_wrap_is_sent_again(
    connect, harness, monkeypatch
):
    monkeypatch.setattr(outbound_rtp.random, 'randrange', lambda _: 65_500)
    pair = connect((Codec.H264,))
    await until(lambda: pair.frames)
    network = LossyNetwork(pair)
    # Twice: the first request is aiortc's own.
    network.victims = dict.fromkeys((65_534, 65_535, 0, 1), 2)
    await until(lambda: not any(network.victims.values()))
    await pair.received(10)
    assert sum(frame.keyframe for frame in harness.encoded) == 1, 'given up'


@CODECS
async def test_a_lost_picture_is_sent_again_though_none_follows(connect, harness, codec):
    pair = connect((codec,))
    await pair.received(5)
    LossyNetwork(pair).loses_first_copies = True
    captured = harness.film_one_last()
    await until(lambda: abs(pair.frames[-1].capture_ns - captured) < 1_000_000)
    await until(lambda: pair.inbound.is_quiet)


async def test_pictures_that_are_far_apart_have_their_own_times(connect, harness):
    pair = connect()
    await pair.received(5)
    for seconds in (20, 40, 7200):
        captured = harness.film_one_last(seconds)
        await until(lambda captured=captured: pair.frames[-1].capture_ns > captured - 10**9)
        assert abs(pair.frames[-1].capture_ns - captured) < 1_000_000


@CODECS
async def test_an_idle_viewer_costs_no_encode_and_then_gets_a_keyframe(connect, harness, codec):
    pair = connect((codec,))
    await pair.received(5)
    for _ in range(2):
        pair.inbound.set_idle(True)
        await until(lambda: not harness.encoding.codecs)
        assert pair.outbound.idle
        pair.inbound.set_idle(False)
        (frame, *_) = await pair.received(5)
        assert frame.keyframe
    assert pair.inbound.skipped == 0


async def test_a_wish_is_repeated_until_it_arrives(connect, harness, monkeypatch):
    pair = connect()
    await pair.received(5)
    lost = []

    def lose_some(idle):
        lost.append(idle)
        if len(lost) > 4:
            monkeypatch.undo()

    monkeypatch.setattr(pair.outbound, 'on_idle', lose_some)
    pair.inbound.set_idle(True)
    await until(lambda: pair.outbound.idle)


async def test_each_report_of_a_sender_that_has_no_newer_frame_has_a_time_of_its_own(
    connect, harness, monkeypatch
):
    # By which viewers name the report that they answer: of two alike, either may be meant.
    reports = []
    take = CaptureClock.report
    monkeypatch.setattr(
        CaptureClock, 'report', lambda clock, *times: (reports.append(times), take(clock, *times))
    )
    pair = connect()
    await pair.received(5)
    captured = harness.film_one_last()
    await until(lambda: abs(pair.frames[-1].capture_ns - captured) < 1_000_000)
    timestamp = pair.frames[-1].timestamp
    reports.clear()
    await until(lambda: len(reports) >= 3)
    assert len({ntp_timestamp for _, ntp_timestamp in reports}) == len(reports)
    for report in reports:
        clock = CaptureClock()
        take(clock, *report)
        assert abs(clock.time_ns(timestamp) - captured) < 20_000


async def test_a_sender_whose_packets_fail_to_arrive_is_not_quiet(connect):
    pair = connect()
    await pair.received(5)
    await until(lambda: pair.inbound.is_quiet)
    LossyNetwork(pair).loses_first_copies = True
    pair.inbound._frames.add = lambda packet: (False, None)
    await until(lambda: not pair.inbound.is_quiet)
    pair.inbound._on_empty_report()  # RFC 3550, 6.4: nothing was sent for two intervals
    assert pair.inbound.is_quiet
    assert pair.inbound.reports_age < 1


@CODECS
async def test_a_packet_that_is_lost_for_good_freezes_the_video_for_a_moment(
    connect, harness, codec
):
    pair = connect((codec,))
    await pair.received(10)
    network = LossyNetwork(pair)
    await network.lose(1000)
    await pair.received(30)
    assert sum(frame.keyframe for frame in pair.frames) == 2
    assert longest_freeze(pair) < FREEZE
    decoder_lost = queue.Queue()
    pictures = queue.Queue()
    decoder = DecodingThread('x', lambda p, f: pictures.put(p), lambda: decoder_lost.put(1))
    for frame in pair.frames[-10:]:
        if frame.keyframe or pictures.qsize():
            decoder.put(frame)
    decoder.close()
    assert decoder_lost.empty()


@CODECS
async def test_the_lost_packet_may_be_part_of_the_keyframe_that_repairs(connect, codec):
    pair = connect((codec,))
    await pair.received(10)
    network = LossyNetwork(pair)
    await network.lose(1000)
    keyframe_size = len(pair.frames[0].data)

    def of_a_keyframe(packet):
        return not packet.marker and len(packet.payload) > min(1000, keyframe_size // 4)

    await network.lose(2, of_a_keyframe)
    await pair.received(20)
    assert longest_freeze(pair) < 2 * FREEZE


async def test_a_frame_of_more_packets_than_a_socket_has_room_for_arrives(nothing_left):
    units = [b'\x67\x42\xc0\x1f', b'\x68\xce\x3c\x80', b'\x65' + b'picture' * 200_000]
    payloads = h264_payloads(units)
    assert len(payloads) > 1024
    data = b''.join(b'\0\0\0\1' + unit for unit in units)
    loop, now = asyncio.get_running_loop(), time.time_ns()
    timestamps = itertools.count(0, 3000)

    def show(_):
        frame = EncodedFrame(Codec.H264, data, True, next(timestamps), now, payloads)
        loop.call_soon(broadcast.publish, frame)

    broadcast = Broadcast(show, lambda codec: None)
    pair = SessionPair(broadcast, (Codec.H264,)).start()
    try:
        (frame, *_) = await pair.received(1)
        assert frame.data == data
    finally:
        await pair.close()


async def test_a_burst_of_losses_is_survived(connect):
    pair = connect((Codec.H264,))
    await pair.received(10)
    network = LossyNetwork(pair)
    handle = network.transport._handle_rtp_data
    gone = []

    async def nothing(data, arrival_time_ms):
        gone.append(data)

    network.transport._handle_rtp_data = nothing
    await until(lambda: len(gone) > 30)
    network.transport._handle_rtp_data = handle
    await pair.received(20)
    assert pair.frames[-1].timestamp > pair.frames[9].timestamp
