import pytest

from webrtc_bridge.errors import RequirementError
from webrtc_bridge.gstreamer.library import Gst, require_gstreamer

try:
    require_gstreamer()
except RequirementError as missing:
    pytest.skip(str(missing), allow_module_level=True)

from webrtc_bridge.gstreamer.capture.live_time import ArrivalTimes, CameraTimes, RisingTimes
from webrtc_bridge.media.wall_clock import Now

NOW = 7 * Gst.SECOND
NONE = Gst.CLOCK_TIME_NONE


SEGMENT_START = Gst.SECOND
INTERVAL = 40_000_000


class Stream:
    """A pad whose buffers a sink takes; `arrived` has the time of each."""

    def __init__(self):
        self.arrived = []
        self.sink = Gst.ElementFactory.make('fakesink')
        self.sink.set_property('async', False)
        self.sink.set_state(Gst.State.PLAYING)
        self._sink_pad = self.sink.get_static_pad('sink')
        self.pad = Gst.Pad.new('src', Gst.PadDirection.SRC)
        self.pad.set_active(True)
        self.pad.link(self._sink_pad)
        self.pad.push_event(Gst.Event.new_stream_start('one'))
        segment = Gst.Segment()
        segment.init(Gst.Format.TIME)
        segment.start = SEGMENT_START
        self.pad.push_event(Gst.Event.new_segment(segment))

    def push(self, pts):
        buffer = Gst.Buffer.new_allocate(None, 1, None)
        buffer.pts = pts
        self.pad.push(buffer)

    @property
    def running_times(self):
        """The running time of each buffer that arrived."""
        segment = self._sink_pad.get_sticky_event(Gst.EventType.SEGMENT, 0).parse_segment()
        return [segment.to_running_time(Gst.Format.TIME, pts) for pts in self.arrived]

    def note_arrivals(self):
        self._sink_pad.add_probe(Gst.PadProbeType.BUFFER, self._note)

    def _note(self, _, info):
        self.arrived.append(info.get_buffer().pts)
        return Gst.PadProbeReturn.OK


class CameraStream:
    """Frames of a network camera, pushed into `stream` at running times that the test says."""

    def __init__(self, stream):
        self.now = 0
        self._stream = stream
        CameraTimes(
            stream.pad, lambda: self.now, lambda: Now(10**18 + self.now, 10**15 + self.now)
        )

    def push(self, pts, arrival):
        self.now = arrival
        self._stream.push(pts)


@pytest.fixture
def bare():
    one = Stream()
    yield one
    one.sink.set_state(Gst.State.NULL)


@pytest.fixture
def stream(bare):
    ArrivalTimes(bare.pad, lambda: NOW + len(bare.arrived))
    bare.note_arrivals()
    return bare


@pytest.fixture
def camera(bare):
    one = CameraStream(bare)
    bare.note_arrivals()
    return one


def test_pictures_without_a_time_are_stamped_when_they_arrive(stream):
    for pts in (5, NONE, NONE, 6, NONE):
        stream.push(pts)
    # Where the segment starts, its running time is 0.
    later = SEGMENT_START + NOW
    assert stream.arrived == [5, later + 1, later + 2, 6, later + 4]


def test_a_source_that_stamps_its_pictures_is_left_alone(stream):
    for pts in (*range(10), NONE):
        stream.push(pts)
    assert stream.arrived == [*range(10), NONE]


def test_pictures_that_arrive_out_of_order_keep_the_camera_s_intervals(camera, bare):
    start = 3600 * Gst.SECOND
    # I1 P4 B2 B3 P7 B5 B6: each P-frame is encoded, and arrives, before the B-frames in front.
    order = [1, 4, 2, 3, 7, 5, 6, 10, 8, 9]
    for place, number in enumerate(order):
        camera.push(start + number * INTERVAL, NOW + place * INTERVAL)
    # From the first P-frame on, which has no delay: picture 4, in the second place.
    first = NOW + INTERVAL
    assert bare.running_times[1:] == [first + (number - 4) * INTERVAL for number in order[1:]]


def test_jitter_of_the_network_stays_out_of_the_times(camera, bare):
    delays = [0, 9, 3, 0, 25, 1, 0, 14]
    for number, delay in enumerate(delays):
        camera.push(number * INTERVAL, NOW + number * INTERVAL + delay * Gst.MSECOND)
    assert bare.running_times == [NOW + number * INTERVAL for number in range(len(delays))]


@pytest.mark.parametrize('rate', [0.9999, 1.0001])
def test_a_camera_s_clock_that_drifts_is_followed(camera, bare, rate):
    # In ten minutes it is 60 ms wrong.
    for number in range(600 * 5):
        camera.push(round(number * Gst.SECOND / 5 * rate), NOW + number * Gst.SECOND // 5)
    late = [
        NOW + number * Gst.SECOND // 5 - time for number, time in enumerate(bare.running_times)
    ]
    assert max(map(abs, late)) < 2 * Gst.MSECOND


def test_a_camera_whose_time_stands_still_is_stamped_at_arrival(camera, bare):
    for number in range(5):
        camera.push(90, NOW + number * INTERVAL)
    assert bare.running_times == [NOW + number * INTERVAL for number in range(5)]


def test_a_frame_without_a_time_is_stamped_at_arrival(camera, bare):
    camera.push(0, NOW)
    camera.push(NONE, NOW + INTERVAL)
    camera.push(2 * INTERVAL, NOW + 2 * INTERVAL)
    assert bare.running_times == [NOW + number * INTERVAL for number in range(3)]


def test_a_picture_before_the_newest_is_dropped(bare):
    RisingTimes(bare.pad)
    bare.note_arrivals()
    for pts in (5, 3, 4, 5, 6, 9):
        bare.push(pts)
    assert bare.arrived == [5, 6, 9]
