import pytest

from webrtc_bridge.errors import RequirementError
from webrtc_bridge.gstreamer.library import Gst, require_gstreamer

try:
    require_gstreamer()
except RequirementError as missing:
    pytest.skip(str(missing), allow_module_level=True)

from webrtc_bridge.gstreamer.capture.unstamped import ArrivalTimes

NOW = 7 * Gst.SECOND
NONE = Gst.CLOCK_TIME_NONE


class Stream:
    """A pad whose buffers a sink takes; `arrived` has the time of each."""

    def __init__(self):
        self.arrived = []
        self.sink = Gst.ElementFactory.make('fakesink')
        self.sink.set_property('async', False)
        self.sink.set_state(Gst.State.PLAYING)
        self.pad = Gst.Pad.new('src', Gst.PadDirection.SRC)
        self.pad.set_active(True)
        self.pad.link(self.sink.get_static_pad('sink'))
        self.pad.push_event(Gst.Event.new_stream_start('one'))
        segment = Gst.Segment()
        segment.init(Gst.Format.TIME)
        segment.start = Gst.SECOND
        self.pad.push_event(Gst.Event.new_segment(segment))

    def push(self, pts):
        buffer = Gst.Buffer.new_allocate(None, 1, None)
        buffer.pts = pts
        self.pad.push(buffer)

    def note(self, _, info):
        self.arrived.append(info.get_buffer().pts)
        return Gst.PadProbeReturn.OK


@pytest.fixture
def stream():
    one = Stream()
    ArrivalTimes(one.pad, lambda: NOW + len(one.arrived))
    one.sink.get_static_pad('sink').add_probe(Gst.PadProbeType.BUFFER, one.note)
    yield one
    one.sink.set_state(Gst.State.NULL)


def test_pictures_without_a_time_are_stamped_when_they_arrive(stream):
    for pts in (5, NONE, NONE, 6, NONE):
        stream.push(pts)
    # The segment starts at 1 s, where its running time is 0.
    later = Gst.SECOND + NOW
    assert stream.arrived == [5, later + 1, later + 2, 6, later + 4]


def test_a_source_that_stamps_its_pictures_is_left_alone(stream):
    for pts in (*range(10), NONE):
        stream.push(pts)
    assert stream.arrived == [*range(10), NONE]
