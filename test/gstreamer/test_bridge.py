"""Viewers of H.264 that passes through a real pipeline, between two keyframes of its source."""

import functools
import itertools
from contextlib import asynccontextmanager
from fractions import Fraction

import av
import pytest
from support.peers.session_pair import until

from webrtc_bridge.errors import RequirementError
from webrtc_bridge.gstreamer.library import Gst, GstVideo, require_gstreamer
from webrtc_bridge.media.capture.pattern import Pattern, read_clock
from webrtc_bridge.media.codec.decoding_thread import open_decoder
from webrtc_bridge.media.frames import Codec
from webrtc_bridge.media.h264.units import IDR_SLICE, PPS, SPS, kind, nal_units
from webrtc_bridge.media.pixels.planes import plane_pixels
from webrtc_bridge.options import GStreamerOptions

try:
    require_gstreamer()
except RequirementError as missing:
    pytest.skip(str(missing), allow_module_level=True)

from webrtc_bridge.gstreamer.capture.encoders import KINDS
from webrtc_bridge.gstreamer.capture.passed import PassedStream
from webrtc_bridge.gstreamer.capture.source import describe
from webrtc_bridge.gstreamer.peer.branch import ViewerBranch
from webrtc_bridge.gstreamer.peer.formats import FORMATS
from webrtc_bridge.gstreamer.pipeline import GStreamerPipeline

FPS = 30
SIZE = 320, 240
SUPPLEMENTAL = 6


@functools.cache
def access_units(count, **parameters):
    """Return access units of a camera; the clock of picture n shows n milliseconds."""
    context = av.CodecContext.create('libx264', 'w')
    (context.width, context.height), context.pix_fmt = SIZE, 'yuv420p'
    context.framerate, context.time_base = FPS, Fraction(1, FPS)
    joined = ':'.join(f'{name.replace("_", "-")}={value}' for name, value in parameters.items())
    context.options = {'tune': 'zerolatency', 'profile': 'baseline', 'x264-params': joined}
    pattern = Pattern(*SIZE)
    units = []
    for n in range(count):
        picture = pattern.draw(n * 1_000_000)
        picture.pts, picture.time_base = n, Fraction(1, FPS)
        units += [bytes(packet) for packet in context.encode(picture)]
    return units


def without(data, *kinds):
    """Return an access unit without its NAL units of these kinds."""
    kept = (unit for unit in nal_units(data) if kind(unit) not in kinds)
    return b''.join(b'\0\0\0\1' + unit for unit in kept)


def write_film(path, units):
    """Write `units` to `path` and return that."""
    with av.open(str(path), 'w') as film:
        stream = film.add_stream('libx264', rate=FPS)
        stream.width, stream.height = SIZE
        for n, unit in enumerate(units):
            packet = av.Packet(unit)
            packet.stream, packet.time_base = stream, Fraction(1, FPS)
            packet.pts = packet.dts = n
            packet.is_keyframe = IDR_SLICE in map(kind, nal_units(unit))
            film.mux(packet)
    return path


class Viewer:
    """A viewer without a webrtcbin: the frames that it gets, and the numbers of its packets."""

    def __init__(self, pipeline):
        self.frames = []
        self.numbers = []
        self.errors = []
        self._pipeline = pipeline
        self._branch = ViewerBranch(pipeline)
        element = self._branch.element
        # On a busy machine, too, nothing is to be dropped.
        element.get_by_name('queue').set_property('max-size-buffers', 0)
        self._depayloader = Gst.ElementFactory.make('rtph264depay')
        self._sink = Gst.ElementFactory.make('fakesink')
        for name in ('sync', 'async'):
            self._sink.set_property(name, False)
        element.add(self._depayloader)
        element.add(self._sink)
        entry = self._depayloader.get_static_pad('sink')
        caps = Gst.Caps.from_string('video/x-h264,stream-format=byte-stream,alignment=au')
        self._depayloader.link_filtered(self._sink, caps)
        entry.add_probe(Gst.PadProbeType.BUFFER, self._on_packet)
        end = self._sink.get_static_pad('sink')
        end.add_probe(Gst.PadProbeType.BUFFER, self._on_frame)
        self._branch.join(self.errors.append)
        self._branch.start(FORMATS[0], entry)
        self._branch.open()

    def element(self, factory):
        """Return an element of the pipeline, if it is there."""
        elements = list(self._pipeline.element.iterate_recurse())
        return next((e for e in elements if e.get_factory().get_name() == factory), None)

    def lose_the_picture(self):
        """Ask for a keyframe as a viewer's webrtcbin does."""
        none = Gst.CLOCK_TIME_NONE
        event = GstVideo.video_event_new_upstream_force_key_unit(none, False, 0)
        self._sink.get_static_pad('sink').push_event(event)

    async def more(self, number):
        have = len(self.frames)
        await until(lambda: len(self.frames) >= have + number)

    async def close(self):
        await self._branch.close()

    def shown(self):
        """Return the numbers of the pictures that the viewer sees, all of which it can decode."""
        decoder = open_decoder(Codec.H264)
        numbers = []
        for data in self.frames:
            (picture,) = decoder.decode(av.Packet(data))
            numbers.append(read_clock(plane_pixels(picture.planes[0])))
        return [number // 1_000_000 for number in numbers]

    def _on_packet(self, _, info):
        packet = info.get_buffer().extract_dup(0, 4)
        self.numbers.append(int.from_bytes(packet[2:], 'big'))
        return Gst.PadProbeReturn.OK

    def _on_frame(self, _, info):
        buffer = info.get_buffer()
        self.frames.append(bytes(buffer.extract_dup(0, buffer.get_size())))
        return Gst.PadProbeReturn.OK


@asynccontextmanager
async def playing(source):
    """Play `source`; yields a function that returns a new viewer."""
    pipeline = GStreamerPipeline(
        describe(GStreamerOptions(source=source)), 100_000, 0, lambda: None
    )
    viewers = []

    def join():
        viewers.append(Viewer(pipeline))
        return viewers[-1]

    await pipeline.start(KINDS['x264enc'])
    try:
        yield join
    finally:
        for viewer in viewers:
            await viewer.close()
        await pipeline.close()
    assert [viewer.errors for viewer in viewers] == [[]] * len(viewers)


def is_keyframe(data):
    """Return whether an access unit is an IDR picture."""
    return IDR_SLICE in map(kind, nal_units(data))


async def test_who_waits_for_a_keyframe_gets_the_newest_pictures_until_it_comes(tmp_path):
    gop = 4 * FPS
    units = access_units(2 * gop, keyint=gop, scenecut=0)
    path = write_film(tmp_path / 'film.mkv', units)

    def start_of_own(viewer):
        """Return the index of the frame that is the source's second keyframe, if it has come."""
        ends = [data[-100:] for data in viewer.frames]
        return ends.index(units[gop][-100:]) if units[gop][-100:] in ends else None

    async with playing(f'filesrc location={path} ! matroskademux') as join:
        joined, lost = join(), join()
        await joined.more(5)
        await lost.more(5)
        keyframes = sum(map(is_keyframe, lost.frames))
        lost.lose_the_picture()
        await until(lambda: sum(map(is_keyframe, lost.frames)) > keyframes)
        await until(lambda: start_of_own(joined) and start_of_own(lost))
        await joined.more(10)
        # From now on, a loss is one of the source's own frames.
        before = len(lost.frames)
        lost.lose_the_picture()
        await until(lambda: any(map(is_keyframe, lost.frames[before:])))
        await lost.more(10)
    for viewer in (joined, lost):
        shown = viewer.shown()
        start = start_of_own(viewer)
        # The pictures before were encoded for those who wait, and come in order. One that nothing
        # follows for a while is encoded again.
        assert shown[0] < shown[start - 1] < shown[start] == gop
        assert shown == sorted(shown)
        numbers = viewer.numbers
        assert all((b - a) % 65536 == 1 for a, b in itertools.pairwise(numbers))
    shown, start = joined.shown(), start_of_own(joined)
    # From it on they are the source's own, and none is missing.
    assert shown[start:] == list(range(gop, gop + len(shown) - start))
    for data, unit in zip(joined.frames[start:], units[gop:], strict=False):
        assert data[-100:] == unit[-100:]


@pytest.mark.parametrize('tells_recovery_points', [True, False])
async def test_a_stream_without_keyframes_is_decoded_and_encoded(tmp_path, tells_recovery_points):
    units = access_units(10 * FPS, keyint=FPS, intra_refresh=1)[7:]
    if not tells_recovery_points:
        units = [without(unit, SUPPLEMENTAL) for unit in units]
    assert not any(map(is_keyframe, units))
    path = write_film(tmp_path / 'film.ts', units)
    async with playing(f'filesrc location={path} ! tsdemux') as join:
        viewer = join()
        await viewer.more(FPS)
    assert is_keyframe(viewer.frames[0])
    shown = viewer.shown()
    # It starts after 2 s, and the stream refreshes its picture each second.
    assert shown[0] >= 2 * FPS
    assert shown == sorted(shown)


@pytest.mark.parametrize('ends_in', ['tsdemux', 'h264parse ! rtph264pay config-interval=0'])
async def test_parameter_sets_that_come_once_are_in_every_keyframe(tmp_path, ends_in):
    """They come in the first frame of MPEG-TS, and in the description (SDP) alone of RTP."""
    units = access_units(2 * FPS, keyint=10, scenecut=0)
    units = [units[0], *(without(unit, SPS, PPS) for unit in units[1:])]
    path = write_film(tmp_path / ('film.ts' if ends_in == 'tsdemux' else 'film.mp4'), units)
    between = '' if ends_in == 'tsdemux' else 'qtdemux ! '
    async with playing(f'filesrc location={path} ! {between}{ends_in}') as join:
        viewer = join()
        await until(lambda: sum(map(is_keyframe, viewer.frames)) >= 3)
    for data in filter(is_keyframe, viewer.frames):
        kinds = [kind(unit) for unit in nal_units(data)]
        assert kinds.index(SPS) < kinds.index(PPS) < kinds.index(IDR_SLICE)


async def test_frames_without_a_time_are_decoded_like_others():
    pipeline = Gst.parse_launch(
        'appsrc name=source is-live=true format=time caps=video/x-h264,stream-format=byte-stream'
        ' ! fakesink name=sink sync=false async=false'
    )
    pictures = []

    def on_pictures(pad):
        pictures.append(pad)
        sink = Gst.ElementFactory.make('fakesink')
        sink.set_property('async', False)
        pipeline.add(sink)
        sink.sync_state_with_parent()
        pad.link(sink.get_static_pad('sink'))

    end = pipeline.get_by_name('sink').get_static_pad('sink')
    stream = PassedStream(pipeline, end, on_pictures)
    pipeline.set_state(Gst.State.PLAYING)
    try:
        for n, unit in enumerate(access_units(8, keyint=30)):
            buffer = Gst.Buffer.new_wrapped(unit)
            buffer.pts = Gst.CLOCK_TIME_NONE if n in (2, 7) else n * Gst.SECOND // FPS
            pipeline.get_by_name('source').emit('push-buffer', buffer)
        await until(lambda: stream.newest_ns > 6 * Gst.SECOND // FPS)
        stream.decode(True)
        await until(lambda: pictures)
    finally:
        pipeline.set_state(Gst.State.NULL)


async def test_a_decoder_that_fails_does_not_end_what_passes_through(tmp_path, caplog):
    units = access_units(6 * FPS, keyint=2 * FPS, scenecut=0)
    path = write_film(tmp_path / 'film.mkv', units)
    async with playing(f'filesrc location={path} ! matroskademux') as join:
        viewer = join()
        await viewer.more(3)
        viewer.lose_the_picture()
        await until(lambda: viewer.element('appsrc'))
        viewer.element('appsrc').message_full(
            Gst.MessageType.ERROR, Gst.library_error_quark(), 1, 'no memory', None, '', '', 1
        )
        await until(lambda: 'viewers that join wait for keyframes from now on' in caplog.text)
        await viewer.more(10)
    assert 'source lost' not in caplog.text
