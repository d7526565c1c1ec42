"""The layers of a real pipeline, seen by branches without a webrtcbin."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator

import pytest
from support.media.rtsp_camera import rtsp_camera
from support.media.video_files import write_video
from support.peers.session_pair import until

from webrtc_bridge.errors import RequirementError
from webrtc_bridge.gstreamer.library import Gst, GstVideo, require_gstreamer
from webrtc_bridge.media.frames import Codec, Encoding, Layer
from webrtc_bridge.options import GStreamerOptions

try:
    require_gstreamer()
except RequirementError as missing:
    pytest.skip(str(missing), allow_module_level=True)

from webrtc_bridge.gstreamer.capture.encoders import KINDS
from webrtc_bridge.gstreamer.capture.source import describe
from webrtc_bridge.gstreamer.library import post
from webrtc_bridge.gstreamer.peer.gate import KeyframeGate
from webrtc_bridge.gstreamer.pipeline import GStreamerPipeline
from webrtc_bridge.gstreamer.structures import first_structure

FULL, SMALL = Encoding(Codec.H264), Encoding(Codec.H264, Layer.SMALL)
SOURCE = GStreamerOptions(source='test', width=320, height=240)


class Branch:
    """
    Counts the pictures that come; `widths` has each one's, `times` its running time (ns).

    After a move the times go on at a keyframe, as for a viewer.
    """

    def __init__(self, pipeline, codec=Codec.H264):
        self.element = Gst.parse_bin_from_description(
            'queue name=queue ! fakesink name=sink async=false', True
        )
        self.encoding = Encoding(codec)
        self.widths, self.times = [], []
        self.keyframes = 0
        self._waits = False
        self._pipeline = pipeline
        self.errors = []
        pipeline.add_branch(self.element, self)
        self._entry = self.element.get_static_pad('sink')
        self.pad = pipeline.link_branch(self._entry, self.encoding)
        self.queue = self.element.get_by_name('queue')
        self.sink = self.element.get_by_name('sink').get_static_pad('sink')
        self.sink.add_probe(Gst.PadProbeType.BUFFER, self._on_picture)

    def on_lost(self, reason):
        self.errors.append(reason)

    def on_keyframe_late(self):
        pass

    def move(self, layer):
        self._waits = True
        before, self.encoding = self.encoding, self.encoding._replace(layer=layer)
        self.pad = self._pipeline.move_branch(self.pad, before, self.encoding)

    async def more(self, number):
        have = len(self.widths)
        await until(lambda: len(self.widths) >= have + number)

    def ask_for_keyframe(self):
        """Ask as a viewer's webrtcbin does."""
        none = Gst.CLOCK_TIME_NONE
        event = GstVideo.video_event_new_upstream_force_key_unit(none, False, 0)
        self.sink.push_event(event)

    async def remove(self):
        self._pipeline.unlink_branch(self.pad, self.encoding)
        await self._pipeline.remove_branch(self.element)

    def _on_picture(self, pad, info):
        structure = first_structure(pad.get_current_caps())
        self.widths.append(structure.get_int('width')[1])
        keyframe = not info.get_buffer().has_flags(Gst.BufferFlags.DELTA_UNIT)
        self.keyframes += keyframe
        self._waits = self._waits and not keyframe
        if not self._waits:
            self.times.append(info.get_buffer().pts)
        return Gst.PadProbeReturn.OK


class Running:
    """A pipeline, and the bounds of its bit rates, each time that they changed."""

    def __init__(self, options=SOURCE):
        self.bounds = []
        self.pipeline = GStreamerPipeline(describe(options), 100_000, 0, self._on_bounds)

    def _on_bounds(self):
        self.bounds.append(self.pipeline.bounds()[Codec.H264])

    def encoders(self):
        """Return the encoders that there are."""
        factory = Gst.ElementFactory.find('x264enc')
        elements = self.pipeline.element.iterate_recurse()
        return [element for element in elements if element.get_factory() is factory]


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    """Return a pipeline that has been started."""
    one = Running()
    await one.pipeline.start(KINDS['x264enc'])
    yield one
    await one.pipeline.close()


@pytest.mark.parametrize(('asked', 'rate'), [(0.0, 20), (25.0, 25)])
async def test_pictures_of_an_absurd_declared_rate_are_encoded_at_their_own(asked, rate):
    source = (
        'videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=20/1'
        ' ! capssetter caps=video/x-raw,framerate=90000/1 ! decodebin'
    )
    running = Running(GStreamerOptions(source=source, fps=asked))
    await running.pipeline.start(KINDS['x264enc'])
    try:
        branch = Branch(running.pipeline)
        await branch.more(3)
        (encoder,) = running.encoders()
        caps = encoder.get_static_pad('sink').get_current_caps()
        assert first_structure(caps).get_fraction('framerate')[1:] == (rate, 1)
        await branch.remove()
    finally:
        await running.pipeline.close()


async def test_a_camera_with_b_frames_keeps_the_intervals_between_its_pictures():
    async with rtsp_camera() as (_, port):
        source = f'rtsp://127.0.0.1:{port}/reordered'
        running = Running(GStreamerOptions(source=source))
        await running.pipeline.start(KINDS['x264enc'])
        try:
            branch = Branch(running.pipeline)
            await branch.more(60)
            await branch.remove()
        finally:
            await running.pipeline.close()
    intervals = [later - earlier for earlier, later in itertools.pairwise(branch.times)]
    frames = [interval * 30 / Gst.SECOND for interval in intervals]
    assert min(frames) > 0
    # RTP counts in 1/90 ms. A packet with less delay than all before moves one interval.
    right = [one for one in frames if abs(one - round(one)) < 0.01]
    assert len(right) > len(frames) / 2


async def test_a_camera_that_is_joined_between_its_keyframes_is_asked_for_one():
    async with rtsp_camera() as (_, port):
        source = f'rtsp://127.0.0.1:{port}/rare'
        earlier = Gst.parse_launch(
            f'rtspsrc location={source} protocols=tcp ! fakesink name=sink sync=false'
        )
        packets = []

        def note(_, info):
            packets.append(info.get_buffer().pts)
            return Gst.PadProbeReturn.DROP

        sink = earlier.get_by_name('sink').get_static_pad('sink')
        sink.add_probe(Gst.PadProbeType.BUFFER, note)
        earlier.set_state(Gst.State.PLAYING)
        running = Running(GStreamerOptions(source=source))
        try:
            await until(lambda: len(packets) > 10)
            await running.pipeline.start(KINDS['x264enc'])
            branch = Branch(running.pipeline)
            await until(lambda: branch.keyframes)
            await branch.remove()
        finally:
            await running.pipeline.close()
            earlier.set_state(Gst.State.NULL)


async def test_a_recording_whose_timestamps_jump_plays_on(tmp_path, caplog):
    caplog.set_level('INFO')
    path = write_video(
        tmp_path / 'film.mkv', frames=80, fps=40, pts=lambda n: n if n < 40 else n + 3600 * 40
    )
    running = Running(GStreamerOptions(source=f'filesrc location={path} ! decodebin'))
    await running.pipeline.start(KINDS['x264enc'])
    try:
        branch = Branch(running.pipeline)
        await branch.more(50)
        intervals = [later - earlier for earlier, later in itertools.pairwise(branch.times)]
        assert max(intervals) < Gst.SECOND
        assert caplog.text.count('its timestamps jump by 3600.0 s; playing on') == 1
        assert 'source lost' not in caplog.text
        await branch.remove()
    finally:
        await running.pipeline.close()


async def test_a_recording_without_a_duration_has_its_own_speed(tmp_path):
    path = write_video(tmp_path / 'film.webm', 'libvpx', container_options={'live': '1'})
    running = Running(GStreamerOptions(source=f'filesrc location={path} ! decodebin'))
    start = time.monotonic()
    await running.pipeline.start(KINDS['x264enc'])
    await until(lambda: running.pipeline._supervisor.capture is None)
    # Ten pictures at 20 fps.
    assert time.monotonic() - start >= 0.4
    await running.pipeline.close()


async def test_half_the_size_is_encoded_once_somebody_needs_it_and_the_time_goes_on(running):
    first, second = Branch(running.pipeline), Branch(running.pipeline)
    await second.more(5)
    assert len(running.encoders()) == 1
    second.move(Layer.SMALL)
    await second.more(10)
    second.move(Layer.FULL)
    await second.more(5)
    assert len(running.encoders()) == 2
    assert sorted(set(second.widths)) == [160, 320]
    assert set(first.widths) == {320}
    # None is the same picture's, and the clock is the same: a second has 30 pictures in both.
    assert second.times == sorted(set(second.times))
    assert second.times[-1] - second.times[0] < 5 * Gst.SECOND
    await first.remove()
    await second.remove()


async def test_a_rare_picture_is_encoded_again_for_each_who_asks_for_it():
    caps = 'video/x-raw,width=320,height=240,framerate=1/20'
    running = Running(GStreamerOptions(source=f'videotestsrc is-live=true ! {caps}'))
    await running.pipeline.start(KINDS['x264enc'])
    await until(lambda: running.pipeline._supervisor.capture.newest is not None)
    first, second = Branch(running.pipeline), Branch(running.pipeline)
    running.pipeline.request_keyframe(FULL)
    await second.more(1)
    for _ in range(2):
        first.ask_for_keyframe()
        await second.more(1)
    second.move(Layer.SMALL)
    running.pipeline.request_keyframe(SMALL)
    await second.more(1)
    assert second.keyframes == len(second.widths)
    assert second.widths[-1] == 160
    assert second.times == sorted(set(second.times))
    assert second.times[-1] - second.times[0] < Gst.SECOND // 1000
    assert len(first.widths) == 3
    await first.remove()
    await second.remove()
    await running.pipeline.close()


async def test_a_second_encoder_that_fails_is_done_without(running, caplog):
    branch = Branch(running.pipeline)
    (full,) = running.encoders()
    branch.move(Layer.SMALL)
    await branch.more(3)
    assert running.pipeline.bounds()[Codec.H264].layered
    (small,) = [encoder for encoder in running.encoders() if encoder is not full]
    small.message_full(
        Gst.MessageType.ERROR, Gst.library_error_quark(), 1, 'no session left', None, '', '', 1
    )
    await until(lambda: len(running.bounds) == 2)
    assert [bounds.layered for bounds in running.bounds] == [True, False]
    assert 'no small layer for slow links from now on: no session left' in caplog.text
    branch.move(Layer.FULL)
    await branch.more(3)
    assert branch.widths[-1] == 320
    await branch.remove()


async def test_a_layer_that_flows_to_nobody_is_not_encoded(running):
    def encodes():
        elements = running.pipeline.element.iterate_recurse()
        valves = [element for element in elements if element.get_name() == 'valve']
        return any(not valve.get_property('drop') for valve in valves)

    branch = Branch(running.pipeline)
    await branch.more(3)
    assert encodes()
    running.pipeline.unlink_branch(branch.pad, FULL)
    assert not encodes()
    have = branch.keyframes
    branch.pad = running.pipeline.link_branch(branch.element.get_static_pad('sink'), FULL)
    running.pipeline.request_keyframe(FULL)
    await until(lambda: branch.keyframes > have)
    await branch.remove()


async def test_who_is_sent_nothing_for_a_while_costs_others_no_keyframe(running):
    first, second = Branch(running.pipeline), Branch(running.pipeline)
    loop = asyncio.get_running_loop()
    gate = KeyframeGate(
        second.queue.get_static_pad('sink'),
        lambda: running.pipeline.request_keyframe(FULL),
        lambda *given: post(loop, *given),
    )
    await first.more(3)
    second.ask_for_keyframe()
    await first.more(15)
    assert first.keyframes == 1
    gate.open_at_keyframe()
    await second.more(10)
    assert first.keyframes == 2
    second.ask_for_keyframe()
    await until(lambda: first.keyframes == 3)
    await first.remove()
    await second.remove()


def is_limited_to(kilobits: int, encoder: Gst.Element) -> bool:
    """
    Return whether the encoder has this limit.

    x264enc's rate is set for the announced frame rate; a busy machine delivers another one.
    """
    return kilobits / 2 < encoder.get_property('bitrate') < 2 * kilobits


async def test_the_layers_follow_their_limits_and_so_does_the_next_source(running):
    branch = Branch(running.pipeline)
    (full,) = running.encoders()
    assert running.bounds[0].lowest == 100_000
    highest = running.bounds[0].highest // 1000
    assert is_limited_to(highest, full)
    running.pipeline.limit({Encoding(Codec.H264): 150_000})
    assert is_limited_to(150, full)
    full.message_full(
        Gst.MessageType.ERROR, Gst.library_error_quark(), 1, 'the camera is gone', None, '', '', 1
    )
    await until(lambda: len(running.bounds) == 2)
    (full,) = running.encoders()
    assert is_limited_to(150, full)
    running.pipeline.limit({})
    assert is_limited_to(highest, full)
    await branch.remove()


async def test_a_branch_that_fails_is_told_and_no_other(running):
    first, second = Branch(running.pipeline), Branch(running.pipeline)
    await second.more(3)
    second.queue.message_full(
        Gst.MessageType.ERROR, Gst.library_error_quark(), 1, 'no way out', None, '', '', 1
    )
    await until(lambda: second.errors)
    assert second.errors == ['no way out']
    assert first.errors == []
    assert len(running.bounds) == 1
    await first.remove()
    await second.remove()
