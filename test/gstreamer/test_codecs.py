"""Viewers with and without H.264 of one real pipeline, over real webrtcbins and aiortc."""

import asyncio
import contextlib

import av
import pytest
from support.media.video_files import write_video
from support.peers.lossy_network import LossyNetwork
from support.peers.session_pair import until

from webrtc_bridge.errors import RequirementError
from webrtc_bridge.gstreamer.library import Gst, require_gstreamer
from webrtc_bridge.media.codec.decoding_thread import open_decoder
from webrtc_bridge.media.frames import Codec, Encoding, Layer
from webrtc_bridge.media.h264.units import SPS, kind, nal_units
from webrtc_bridge.options import GStreamerOptions
from webrtc_bridge.peer.aiortc.inbound_session import InboundSession
from webrtc_bridge.peer.aiortc.patches.h264_profiles import is_high
from webrtc_bridge.peer.aiortc.peer import IceOptions
from webrtc_bridge.peer.aiortc.sending_peer import preferences
from webrtc_bridge.peer.outbound_session import OutboundSession

try:
    require_gstreamer()
except RequirementError as missing:
    pytest.skip(str(missing), allow_module_level=True)

from webrtc_bridge.gstreamer.capture.encoders import KINDS
from webrtc_bridge.gstreamer.capture.source import describe
from webrtc_bridge.gstreamer.peer.peer import GStreamerPeer
from webrtc_bridge.gstreamer.pipeline import GStreamerPipeline

RED = 'videotestsrc is-live=true pattern=solid-color foreground-color=0xffe01010'
SOURCE = f'{RED} ! video/x-raw,width=320,height=240,framerate=30/1'
CONSTRAINED_BASELINE, HIGH = 66, 100
BASELINE = {'profile': 'baseline', 'g': '10'}
STILL = f'{RED} ! video/x-raw,width=320,height=240,framerate=1/60'


class Viewer:
    """A viewer that takes these codecs alone, of H.264 `high` too or not, and what it got."""

    def __init__(self, pipeline, *codecs, high=True):
        self.frames = []
        self.outbound = OutboundSession(
            'viewer', 's1', self._to_inbound, lambda it: GStreamerPeer('viewer', (), it, pipeline)
        )
        self.inbound = InboundSession(
            'front', 's1', IceOptions(), self.outbound.receive, self.frames.append
        )
        connection = self.inbound._peer.connection
        taken = [each for each in preferences(codecs) if high or not is_high(each)]
        connection.addTransceiver('video', 'recvonly').setCodecPreferences(taken)
        self._running = [asyncio.ensure_future(s.run()) for s in (self.outbound, self.inbound)]

    def _to_inbound(self, message):
        self.inbound.receive(message)

    @property
    def profiles(self):
        """The profile of each keyframe."""
        units = (unit for frame in self.frames for unit in nal_units(frame.data))
        return [unit[1] for unit in units if kind(unit) == SPS]

    async def more(self, number):
        have = len(self.frames)
        await until(lambda: len(self.frames) >= have + number)

    async def close(self):
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


@contextlib.asynccontextmanager
async def playing(source):
    """Play `source`; yields its pipeline and a function that returns a new viewer of codecs."""
    pipeline = GStreamerPipeline(
        describe(GStreamerOptions(source=str(source))), 100_000, 0, lambda: None
    )
    viewers = []

    def join(*codecs, **high):
        viewers.append(Viewer(pipeline, *codecs, **high))
        return viewers[-1]

    await pipeline.start(KINDS['x264enc'])
    try:
        yield pipeline, join
    finally:
        for viewer in viewers:
            await viewer.close()
        await pipeline.close()


def elements(name, pipeline):
    """Return the elements of this kind in a pipeline."""
    factory = Gst.ElementFactory.find(name)
    every = pipeline.element.iterate_recurse()
    return [element for element in every if factory and element.get_factory() == factory]


def number_of(name, pipeline):
    """Return how many elements of this kind there are in a pipeline."""
    return len(elements(name, pipeline))


def pictures_of(frames):
    """Return `frames` decoded, as RGB; the first is a keyframe."""
    assert frames[0].keyframe
    decoder = open_decoder(frames[0].codec)
    decoded = [picture for frame in frames for picture in decoder.decode(av.Packet(frame.data))]
    return [picture.to_ndarray(format='rgb24') for picture in decoded]


async def test_each_viewer_gets_a_codec_that_it_takes_and_vp8_is_encoded_only_for_its_own():
    async with playing(SOURCE) as (pipeline, join):
        h264 = join(Codec.H264, Codec.VP8)
        await h264.more(5)
        assert number_of('vp8enc', pipeline) == 0
        first, second = join(Codec.VP8), join(Codec.VP8)
        await second.more(30)
        await first.more(10)
        assert number_of('vp8enc', pipeline) == 1
        assert {frame.codec for frame in h264.frames} == {Codec.H264}
        for viewer in (first, second):
            assert viewer.outbound.encoding == Encoding(Codec.VP8)
            assert {frame.codec for frame in viewer.frames} == {Codec.VP8}
            pictures = pictures_of(viewer.frames)
            assert len(pictures) == len(viewer.frames)
            assert pictures[-1].shape == (240, 320, 3)
            assert pictures[-1][120, 160].astype(int) == pytest.approx((0xE0, 0x10, 0x10), abs=6)
            # The first may be of before the report with the time of capture.
            times = [frame.capture_ns for frame in viewer.frames if frame.capture_ns]
            assert viewer.frames[-1].capture_ns
            assert times == sorted(set(times))
        await first.close()
        await second.more(5)
        await second.close()
        await until(lambda: number_of('vp8enc', pipeline) == 0)
        await h264.more(5)
        third = join(Codec.VP8)
        await third.more(5)
        assert number_of('vp8enc', pipeline) == 1


async def test_the_profile_is_the_best_that_all_present_viewers_accept(monkeypatch):
    monkeypatch.setattr('webrtc_bridge.media.codec.profile_choice.CALM', 0.0)
    async with playing(SOURCE) as (_, join):
        first = join(Codec.H264)
        await first.more(10)
        assert set(first.profiles) == {HIGH}
        baseline = join(Codec.H264, high=False)
        await baseline.more(10)
        assert set(baseline.profiles) == {CONSTRAINED_BASELINE}
        await until(lambda: first.profiles[-1] == CONSTRAINED_BASELINE)
        await join(Codec.VP8).more(3)  # which has no say in it
        baseline.inbound.set_idle(True)
        await until(lambda: first.profiles[-1] == HIGH)
        baseline.inbound.set_idle(False)
        have = len(baseline.frames)
        await until(lambda: len(baseline.frames) > have)
        await baseline.close()
        await until(lambda: first.profiles[-1] == HIGH)
        assert set(baseline.profiles) == {CONSTRAINED_BASELINE}
        assert len(pictures_of(first.frames)) == len(first.frames)


async def test_half_the_size_and_a_keyframe_on_demand_are_had_in_vp8_too():
    async with playing(SOURCE) as (pipeline, join):
        viewer = join(Codec.VP8)
        await viewer.more(10)
        bounds = pipeline.bounds()
        assert bounds[Codec.VP8] == bounds[Codec.H264]
        assert bounds[Codec.VP8].layered
        have = len(viewer.frames)
        viewer.inbound.request_keyframe()
        await until(lambda: any(frame.keyframe for frame in viewer.frames[have:]))
        viewer.outbound.change_layer(Layer.SMALL)
        await until(lambda: pictures_of(viewer.frames)[-1].shape == (120, 160, 3))
        # One is made as the other ends; nobody gets both.
        await until(lambda: number_of('vp8enc', pipeline) == 1)
        viewer.outbound.change_layer(Layer.FULL)
        await until(lambda: pictures_of(viewer.frames)[-1].shape == (240, 320, 3))
        timestamps = [frame.timestamp for frame in viewer.frames]
        assert len(set(timestamps)) == len(timestamps)


async def test_a_rare_picture_reaches_every_viewer_of_vp8_and_is_sent_again_if_lost():
    async with playing(STILL) as (pipeline, join):
        first = join(Codec.VP8)
        await first.more(1)
        second = join(Codec.VP8)
        await second.more(1)
        for viewer in (first, second):
            (picture,) = pictures_of(viewer.frames[-1:])
            assert picture[120, 160].astype(int) == pytest.approx((0xE0, 0x10, 0x10), abs=6)
        LossyNetwork(first).loses_first_copies = True
        have = len(first.frames)
        pipeline.request_keyframe(Encoding(Codec.VP8))
        await until(lambda: len(first.frames) > have)
        assert first.frames[-1].keyframe


async def test_h264_that_passes_through_is_decoded_once_for_all_viewers_without_h264(tmp_path):
    film = write_video(tmp_path / 'film.mkv', frames=900, fps=30, options=BASELINE)
    async with playing(f'filesrc location={film} ! matroskademux') as (pipeline, join):
        h264 = join(Codec.H264)
        await h264.more(5)
        assert number_of('x264enc', pipeline) == 0
        viewers = join(Codec.VP8), join(Codec.VP8)
        for viewer in viewers:
            await viewer.more(10)
            assert len(pictures_of(viewer.frames[:10])) == 10
        decoders = number_of('avdec_h264', pipeline) + number_of('openh264dec', pipeline)
        assert (decoders, number_of('vp8enc', pipeline), number_of('x264enc', pipeline)) == (
            1,
            1,
            0,
        )
        bounds = pipeline.bounds()
        assert (bounds[Codec.H264].layered, bounds[Codec.VP8].layered) == (False, True)
        for viewer in viewers:
            await viewer.close()
        await until(lambda: number_of('vp8enc', pipeline) == 0)
        await h264.more(5)


async def test_a_vp8_encoder_that_fails_is_done_without(caplog):
    caplog.set_level('INFO')
    async with playing(SOURCE) as (pipeline, join):
        viewer = join(Codec.VP8)
        await viewer.more(3)
        (encoder,) = elements('vp8enc', pipeline)
        assert pipeline.codecs == [Codec.H264, Codec.VP8]
        encoder.message_full(
            Gst.MessageType.ERROR, Gst.library_error_quark(), 1, 'no memory', None, '', '', 1
        )
        await until(lambda: 'no VP8 from now on: no memory' in caplog.text)
        assert pipeline.codecs == [Codec.H264]
        await join(Codec.H264).more(3)
        refused = join(Codec.VP8)
        await until(lambda: all(task.done() for task in refused._running))
        assert 'no video that can be received' in caplog.text
