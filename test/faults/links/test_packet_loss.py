"""Packet loss, and the video of each kind of sender."""

import dataclasses
import itertools
import math
import time

import pytest
from support.links.impaired_link import OneLoss
from support.links.relayed_pair import RelayedPair
from support.links.signaling_proxy import relayed_signaling
from support.links.udp_relay import UdpRelay
from support.peers.senders import KINDS, SENDER_ID, StartSender
from support.peers.session_pair import CameraHarness, until
from support.peers.watching import Seen, watching
from support.programs import Program

from webrtc_bridge.signaling.protocol.messages import Message, Offer

FEWEST = {1: 29 / 30, 5: 27 / 30, 10: 24 / 30}
'The part of the frames that must be decoded, by the percentage of packets that are lost.'

WORST_GAP = 2.0
'Seconds without a picture; for aiortc alone, one loss is worth 5 to 17.'

LONGEST = 60.0
'Seconds that a sender may take for the frames of a test.'

EDGE = 2
'Frames that may be under way when those that were sent and those that came are counted.'


def check_gap(relay: UdpRelay, seen: Seen, started: float) -> None:
    """Check the longest time without a picture; a busy machine delays both ends."""
    assert seen.longest_gap(started) < WORST_GAP + 2 * relay.to_receiver.worst_gap(started)


async def decoded(seen: Seen) -> int:
    """Return the number of pictures, with those that a busy machine had no time to show."""
    return len(seen.times) + (await seen.receiver.report()).dropped


async def check_random_loss(relay: UdpRelay, seen: Seen, percent: int, frames: int) -> None:
    """Lose packets, both ways, while the sender sends `frames`."""
    started, sent, shown = time.monotonic(), relay.to_receiver.frames, await decoded(seen)
    for link in relay.links:
        link.loss = percent / 100
    await until(lambda: relay.to_receiver.frames >= sent + frames, LONGEST)
    for link in relay.links:
        link.loss = 0.0
    await seen.wait_for_more(5)
    sent, shown = relay.to_receiver.frames - sent, await decoded(seen) - shown
    assert shown + EDGE >= FEWEST[percent] * sent, f'{percent} %: {shown} of {sent}'
    check_gap(relay, seen, started)


async def check_one_loss(relay: UdpRelay, seen: Seen, resent: float) -> None:
    """Lose one packet and `resent` retransmissions of it."""
    started, sent = time.monotonic(), relay.to_receiver.frames
    loss = relay.to_receiver.drop = OneLoss(resent)
    await until(lambda: relay.to_receiver.frames >= sent + 30, LONGEST)
    await seen.wait_for_more(5)
    relay.to_receiver.drop = None
    assert loss.lost_resent >= min(resent, 1)
    check_gap(relay, seen, started)


async def check_mixed(relay: UdpRelay, seen: Seen) -> None:
    """Delay packets by up to 150 ms, let some overtake others and some arrive twice."""
    started, sent, shown = time.monotonic(), relay.to_receiver.frames, len(seen.stamps)
    for link in relay.links:
        link.jitter, link.reordered, link.duplicated = 0.15, 0.1, 0.1
    await until(lambda: relay.to_receiver.frames >= sent + 60, LONGEST)
    for link in relay.links:
        link.jitter = link.reordered = link.duplicated = 0.0
    await seen.wait_for_more(5)
    check_gap(relay, seen, started)
    stamps = seen.stamps[shown:]
    assert all(earlier < later for earlier, later in itertools.pairwise(stamps))


@pytest.mark.parametrize(
    'kind',
    # What is lost of our own VP8 is in test_sessions.py too.
    [pytest.param(k, marks=pytest.mark.long) if k == 'aiortc vp8' else k for k in KINDS],
)
async def test_lost_late_and_mixed_packets_leave_the_video_running(
    start_sender: StartSender, server: Program, kind: str
) -> None:
    await start_sender(kind)
    async with relayed_signaling(server.url) as (url, relay), watching(url, SENDER_ID) as seen:
        await seen.wait_for_more(30)
        await check_random_loss(relay, seen, 5, 60)
        for resent in (1, math.inf):
            await check_one_loss(relay, seen, resent)
        assert (await seen.receiver.report()).skipped >= 1  # the packet that never came
        await check_mixed(relay, seen)


@pytest.mark.long
@pytest.mark.parametrize('kind', KINDS)
async def test_random_loss_for_a_while(
    start_sender: StartSender, server: Program, kind: str
) -> None:
    await start_sender(kind)
    async with relayed_signaling(server.url) as (url, relay), watching(url, SENDER_ID) as seen:
        await seen.wait_for_more(30)
        for percent in FEWEST:
            await check_random_loss(relay, seen, percent, 600)


@pytest.mark.parametrize(
    ('max_delay', 'skipped'), [(0.0, 0), (0.1, 1)], ids=['as the path needs', 'without delay']
)
async def test_a_packet_lost_on_a_path_by_satellite_is_waited_for_unless_delay_is_unwanted(
    harness: CameraHarness, max_delay: float, skipped: int
) -> None:
    """A retransmission takes 0.6 s there, and the wait was 0.5 s everywhere."""
    pair = RelayedPair(harness.broadcast)
    pair.inbound.repair_within(max_delay)
    for link in pair.relay.links:
        link.delay = 0.3
    pair.start()
    try:
        await pair.received(10)
        before = sum(frame.keyframe for frame in harness.encoded)
        loss = pair.relay.to_receiver.drop = OneLoss(0)
        await until(lambda: loss.victim is not None)
        await pair.received(30)
        assert pair.inbound.skipped == skipped
        assert sum(frame.keyframe for frame in harness.encoded) - before == skipped
    finally:
        await pair.close()


@pytest.mark.long
@pytest.mark.parametrize(('percent', 'fewest'), [(1, 24), (2, 24), (5, 20)])
async def test_frames_that_arrive_by_satellite(
    harness: CameraHarness, percent: int, fewest: int
) -> None:
    pair = RelayedPair(harness.broadcast)
    for link in pair.relay.links:
        link.delay = 0.3
    pair.start()
    try:
        await pair.received(10)
        for link in pair.relay.links:
            link.loss = percent / 100
        sent, arrived = pair.relay.to_receiver.frames, len(pair.frames)
        await until(lambda: pair.relay.to_receiver.frames >= sent + 900, LONGEST)
        # Those of the last 2.5 s are still under way, or waited for.
        assert len(pair.frames) - arrived >= fewest / 30 * (900 - 75)
    finally:
        await pair.close()


class NamelessPair(RelayedPair):
    """The sender does not say which packet a retransmission repeats, as GStreamer's does not."""

    def to_inbound(self, message: Message) -> None:
        if isinstance(message, Offer):
            lines = message.sdp.splitlines(keepends=True)
            sdp = ''.join(line for line in lines if not line.startswith('a=ssrc'))
            message = dataclasses.replace(message, sdp=sdp)
        super().to_inbound(message)


async def test_retransmissions_are_used_where_the_sender_does_not_name_them(
    harness: CameraHarness,
) -> None:
    pair = NamelessPair(harness.broadcast)
    pair.start()
    try:
        await pair.received(10)
        loss = pair.relay.to_receiver.drop = OneLoss(0)
        await pair.received(30)
        assert loss.victim is not None
        assert sum(frame.keyframe for frame in harness.encoded) == 1
    finally:
        await pair.close()
