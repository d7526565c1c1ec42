"""The RTP session of a real webrtcbin, with a receiver of ours in the same process."""

import pytest
from support.peers.lossy_network import LossyNetwork
from support.peers.session_pair import until

from webrtc_bridge.errors import RequirementError
from webrtc_bridge.gstreamer.library import require_gstreamer
from webrtc_bridge.media.frames import Codec, Encoding
from webrtc_bridge.media.h264.video_size import video_size

try:
    require_gstreamer()
except RequirementError as missing:
    pytest.skip(str(missing), allow_module_level=True)

from support.peers.gstreamer_pair import pair_of

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
