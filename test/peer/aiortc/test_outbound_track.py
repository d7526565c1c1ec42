import asyncio

import pytest
from aiortc.mediastreams import MediaStreamError

from webrtc_bridge.media.frames import Codec, EncodedFrame, Encoding
from webrtc_bridge.media.rtp.broadcast import Broadcast
from webrtc_bridge.peer.aiortc.outbound_track import OutboundTrack

DEADLINE = 20.0
KEYFRAME = EncodedFrame(Codec.H264, b'picture', True, 0, 0)


@pytest.fixture
def wanted():
    return []


@pytest.fixture
def unwatched():
    return []


@pytest.fixture
def broadcast(wanted, unwatched):
    return Broadcast(wanted.append, unwatched.append)


async def joined(track):
    """Return the pending first frame of a track that has joined its broadcast."""
    first = asyncio.ensure_future(track.next(Codec.H264))
    await asyncio.sleep(0)
    return first


async def test_it_joins_when_the_first_frame_is_asked_for(broadcast, wanted):
    track = OutboundTrack(broadcast)
    assert wanted == []
    first = await joined(track)
    assert wanted == [Encoding(Codec.H264)]
    broadcast.publish(KEYFRAME)
    assert await asyncio.wait_for(first, DEADLINE) is KEYFRAME


async def test_it_joins_once(broadcast, wanted):
    track = OutboundTrack(broadcast)
    first = await joined(track)
    broadcast.publish(KEYFRAME)
    broadcast.publish(KEYFRAME)
    await asyncio.wait_for(first, DEADLINE)
    await asyncio.wait_for(track.next(Codec.H264), DEADLINE)
    assert wanted == [Encoding(Codec.H264)]


async def test_a_lost_picture_asks_for_a_keyframe(broadcast, wanted):
    track = OutboundTrack(broadcast)
    first = await joined(track)
    broadcast.publish(KEYFRAME)
    await first
    track.request_keyframe()
    assert wanted == [Encoding(Codec.H264)] * 2


async def test_a_lost_picture_before_the_first_one_asks_for_nothing(broadcast, wanted):
    OutboundTrack(broadcast).request_keyframe()
    assert wanted == []


async def test_stopping_leaves_the_broadcast(broadcast, unwatched):
    track = OutboundTrack(broadcast)
    first = await joined(track)
    track.stop()
    track.stop()
    assert unwatched == [Encoding(Codec.H264)]
    assert track.readyState == 'ended'
    first.cancel()


async def test_a_stopped_track_does_not_join(broadcast, wanted):
    # The connection may come about while the session is being closed.
    track = OutboundTrack(broadcast)
    track.stop()
    with pytest.raises(MediaStreamError):
        await asyncio.wait_for(track.next(Codec.H264), DEADLINE)
    assert wanted == []


async def test_it_is_a_video_track(broadcast):
    assert OutboundTrack(broadcast).kind == 'video'
