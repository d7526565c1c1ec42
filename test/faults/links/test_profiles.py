"""Video over each of the links with names, by both engines."""

import itertools

import pytest
from support.links.profiles import GEO, LAN, LTE, PROFILES, SEVERE, Profile
from support.links.signaling_proxy import relayed_signaling
from support.links.udp_relay import Side, UdpRelay
from support.peers.senders import (
    SENDER_ID,
    StartSender,
    skip_unless_installed,
    start_program,
)
from support.peers.session_pair import until
from support.peers.watching import Seen, watching
from support.programs import Program, Start

ENGINES = ('aiortc h264', 'gstreamer')

FEWEST = 0.5
'The part of the frames sent that is shown on a bad link; 0.8 on a good one.'

GOOD = (LAN, LTE, GEO)

EDGE = 30
'Frames that may be under way: those of a second.'

LONGEST = 60.0
REBOUND = 9.0
'Seconds; it was 10 without pictures alone.'


async def decoded(seen: Seen) -> int:
    """Return the number of pictures, with those that a busy machine had no time to show."""
    return len(seen.stamps) + (await seen.receiver.report()).dropped


async def check(relay: UdpRelay, seen: Seen, profile: Profile, frames: int) -> None:
    """Check what is shown of so many frames, that they have a right order, and one session."""
    path = await seen.path()
    sent, shown, number = relay.to_receiver.frames, len(seen.stamps), await decoded(seen)
    await until(lambda: relay.to_receiver.frames >= sent + frames, LONGEST + frames / 10)
    sent, stamps, number = (
        relay.to_receiver.frames - sent,
        seen.stamps[shown:],
        await decoded(seen) - number,
    )
    fewest = 0.8 if profile in GOOD else FEWEST
    assert number + EDGE >= fewest * sent, f'{number} of {sent}'
    assert all(earlier < later for earlier, later in itertools.pairwise(stamps))
    assert await seen.path() == path


@pytest.mark.parametrize('engine', ENGINES)
async def test_pictures_go_on_arriving_over_a_severe_link(
    start_sender: StartSender, server: Program, engine: str
) -> None:
    await start_sender(engine)
    async with relayed_signaling(server.url) as (url, relay):
        relay.apply(SEVERE)
        async with watching(url, SENDER_ID) as seen:
            await seen.wait_for_more(1)
            await check(relay, seen, SEVERE, 90)


async def test_pictures_come_again_where_a_nat_rebinds(
    start_module: Start, server: Program
) -> None:
    """The viewer asks for a session after 2 s; our own sender's goes on, see test_consent.py."""
    skip_unless_installed('gstreamer')
    sender = await start_program('gstreamer', start_module, server.url)
    async with relayed_signaling(server.url) as (url, relay), watching(url, SENDER_ID) as seen:
        await seen.wait_for_more(10)
        for side in Side:
            begun, path = len(sender.lines), await seen.path()
            relay.change_port(side)
            await seen.wait_for_more(30, REBOUND)
            await sender.line(r'ended: the peer said bye \(replaced\)', after=begun)
            assert await seen.path() != path
    assert 'no feedback' not in sender.output


@pytest.mark.long
@pytest.mark.parametrize('profile', PROFILES.values(), ids=PROFILES)
@pytest.mark.parametrize('engine', ENGINES)
async def test_video_over_each_link(
    start_sender: StartSender, server: Program, engine: str, profile: Profile
) -> None:
    await start_sender(engine)
    async with relayed_signaling(server.url) as (url, relay):
        relay.apply(profile)
        async with watching(url, SENDER_ID) as seen:
            await seen.wait_for_more(1)
            await check(relay, seen, profile, 1000 if profile.changes else 450)
