"""The RTP session of a real webrtcbin, with a receiver of ours in the same process."""

import asyncio
import contextlib

import pytest
from support.peers.lossy_network import LossyNetwork
from support.peers.session_pair import until

from webrtc_bridge.errors import RequirementError
from webrtc_bridge.gstreamer.library import require_gstreamer
from webrtc_bridge.media.frames import Codec, Encoding
from webrtc_bridge.media.h264.video_size import video_size
from webrtc_bridge.options import GStreamerOptions
from webrtc_bridge.peer.aiortc.inbound_session import InboundSession
from webrtc_bridge.peer.aiortc.peer import IceOptions
from webrtc_bridge.peer.outbound_session import OutboundSession

try:
    require_gstreamer()
except RequirementError as missing:
    pytest.skip(str(missing), allow_module_level=True)

from webrtc_bridge.gstreamer.capture.encoders import KINDS
from webrtc_bridge.gstreamer.capture.source import describe
from webrtc_bridge.gstreamer.peer.peer import GStreamerPeer
from webrtc_bridge.gstreamer.pipeline import GStreamerPipeline

STILL = 'videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=1/60'
HD = 'videotestsrc is-live=true ! video/x-raw,width=1920,height=1080,framerate=10/1'


class Pair:
    """A session of `pipeline` and a receiving one, and the frames that arrived."""

    def __init__(self, pipeline):
        self.frames = []
        self.outbound = OutboundSession(
            'viewer',
            's1',
            lambda message: self.inbound.receive(message),
            lambda listener: GStreamerPeer('viewer', (), listener, pipeline),
        )
        self.inbound = InboundSession(
            'front', 's1', IceOptions(), self.outbound.receive, self.frames.append
        )
        self._running = [asyncio.ensure_future(s.run()) for s in (self.outbound, self.inbound)]

    async def close(self):
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


@contextlib.asynccontextmanager
async def pair_of(source):
    """Yield a pair for the pictures of `source`, and their pipeline."""
    pipeline = GStreamerPipeline(
        describe(GStreamerOptions(source=source)), 100_000, 0, lambda: None
    )
    await pipeline.start(KINDS['x264enc'])
    pair = Pair(pipeline)
    try:
        yield pair, pipeline
    finally:
        await pair.close()
        await pipeline.close()


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
