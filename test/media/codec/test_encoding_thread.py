import logging
import queue
import threading

import av
import numpy
import pytest

from webrtc_bridge.media.bandwidth.defaults import automatic_bitrate
from webrtc_bridge.media.bandwidth.layer_allocation import Bounds
from webrtc_bridge.media.capture.pattern import Pattern
from webrtc_bridge.media.codec import encoding_thread
from webrtc_bridge.media.codec.decoding_thread import open_decoder
from webrtc_bridge.media.codec.encoding_thread import EncodingThread
from webrtc_bridge.media.codec.running_encoder import RunningEncoder
from webrtc_bridge.media.frames import CapturedFrame, Codec, Encoding, Layer
from webrtc_bridge.media.h264.video_size import video_size
from webrtc_bridge.media.latest import Latest
from webrtc_bridge.options import EncoderOptions

START = 1_700_000_000_000_000_000
DEADLINE = 20.0


class ObservedLatest(Latest):
    """Counts how often the thread asks for a frame, done with the one before."""

    def __init__(self):
        super().__init__()
        self.asked = threading.Semaphore(0)
        self.kept = False

    def get(self, timeout=None):
        self.asked.release()
        item = super().get(timeout)
        if not self.kept:
            self.clear()  # so that nothing is encoded but what a test shows
        return item


class EncodingHarness:
    """An encoding thread, and the frames that it `encoded`."""

    def __init__(self):
        self.frames = ObservedLatest()
        self.encoded = queue.Queue()
        self.thread = EncodingThread(self.frames, EncoderOptions(), 30.0, self.encoded.put)
        self.pattern = Pattern(320, 240)
        self.count = 0
        self.thread.start()
        assert self.frames.asked.acquire(timeout=DEADLINE)

    def show(self, picture=None, passed_as=None, capture_ns=None):
        """Let the thread encode one picture; return the frames."""
        self.count += 1
        capture_ns = capture_ns or START + self.count * 33_333_333
        picture = picture or self.pattern.draw(capture_ns)
        self.frames.put(CapturedFrame(picture, capture_ns, passed_as))
        assert self.frames.asked.acquire(timeout=DEADLINE)
        return [self.encoded.get_nowait() for _ in range(self.encoded.qsize())]


@pytest.fixture
def harness():
    harness = EncodingHarness()
    yield harness
    harness.thread.close()


def encoder_threads():
    return [thread for thread in threading.enumerate() if thread.name == 'encoder']


def test_nothing_is_encoded_without_viewers(harness):
    assert harness.show() == []
    harness.thread.request_keyframe(Encoding(Codec.H264))
    harness.thread.stop_encoding(Encoding(Codec.H264))
    assert harness.show() == []


def test_the_first_request_starts_a_codec_with_a_keyframe(harness):
    harness.show()
    harness.thread.request_keyframe(Encoding(Codec.H264))
    (frame,) = harness.show()
    assert (frame.codec, frame.keyframe) == (Codec.H264, True)
    (frame,) = harness.show()
    assert not frame.keyframe


def test_the_first_viewer_immediately_gets_the_most_recent_picture(harness):
    harness.frames.kept = True
    harness.show()
    harness.thread.request_keyframe(Encoding(Codec.H264))
    frame = harness.encoded.get(timeout=DEADLINE)
    assert (frame.keyframe, frame.time_ns) == (True, START + 33_333_333)
    # A later viewer shares the next picture: the others have seen this one.
    assert harness.frames.asked.acquire(timeout=DEADLINE)
    harness.thread.request_keyframe(Encoding(Codec.VP8))
    assert {frame.codec for frame in harness.show()} == {Codec.H264, Codec.VP8}


def test_each_viewer_gets_the_only_picture_however_old_and_again_if_it_lost_it(harness):
    harness.frames.kept = True
    harness.thread.request_keyframe(Encoding(Codec.H264))
    frames = harness.show(capture_ns=START)
    decoder = open_decoder(Codec.H264)
    for _ in range(3):  # two more viewers, and one that lost it
        harness.thread.request_keyframe(Encoding(Codec.H264))
        frames.append(harness.encoded.get(timeout=DEADLINE))
    assert [(frame.keyframe, frame.time_ns) for frame in frames] == [(True, START)] * 4
    # 22 µs apart: RTP time still tells the time of capture to within 0.1 ms.
    assert [frame.timestamp for frame in frames] == [0, 2, 4, 6]
    pictures = [decoder.decode(av.Packet(frame.data)) for frame in frames]
    assert [len(decoded) for decoded in pictures] == [1] * 4
    newer = START + 10**9
    harness.frames.put(CapturedFrame(harness.pattern.draw(newer), newer))
    following = harness.encoded.get(timeout=DEADLINE)
    assert (following.timestamp, following.keyframe) == (90_000, False)


def test_a_picture_that_is_shown_again_is_encoded_only_for_those_who_need_it(harness):
    harness.frames.kept = True
    harness.thread.request_keyframe(Encoding(Codec.H264))
    harness.show()
    harness.thread.request_keyframe(Encoding(Codec.VP8))
    frame = harness.encoded.get(timeout=DEADLINE)
    assert (frame.codec, frame.keyframe) == (Codec.VP8, True)
    harness.thread.request_keyframe(SMALL)
    frame = harness.encoded.get(timeout=DEADLINE)
    assert (frame.encoding, frame.keyframe) == (SMALL, True)
    assert harness.encoded.empty()


@pytest.mark.parametrize('codec', list(Codec))
def test_a_still_picture_is_no_worse_for_a_later_viewer(harness, codec):
    harness.frames.kept = True
    harness.thread.set_bitrates(100_000, 200_000)
    harness.thread.request_keyframe(Encoding(codec))
    noise = numpy.random.default_rng(1).integers(0, 255, (240, 320, 3), dtype=numpy.uint8)
    (first,) = harness.show(av.VideoFrame.from_ndarray(noise, 'rgb24').reformat(format='yuv420p'))
    harness.thread.request_keyframe(Encoding(codec))
    again = harness.encoded.get(timeout=DEADLINE)
    # Not the third of it that x264 grants a second keyframe at once. With two slices encoded in
    # parallel, sizes vary by a sixth.
    assert len(again.data) > 0.6 * len(first.data)


def test_many_requests_make_one_encode_and_one_keyframe(harness):
    for _ in range(8):
        harness.thread.request_keyframe(Encoding(Codec.H264))
    encoded = [harness.show() for _ in range(4)]
    assert [len(frames) for frames in encoded] == [1] * 4
    assert [frame.keyframe for (frame,) in encoded] == [True, False, False, False]


def test_a_request_soon_after_a_keyframe_is_answered_once_the_interval_is_over(harness):
    harness.thread.request_keyframe(Encoding(Codec.H264))
    (first,) = harness.show()
    assert first.keyframe
    for _ in range(3):
        harness.thread.request_keyframe(Encoding(Codec.H264))
    keyframes = 0
    while not keyframes:
        keyframes += sum(frame.keyframe for frame in harness.show())
    assert harness.count > 2
    (following,) = harness.show()
    assert not following.keyframe


def test_each_codec_that_is_watched_is_encoded(harness):
    harness.thread.request_keyframe(Encoding(Codec.H264))
    harness.thread.request_keyframe(Encoding(Codec.VP8))
    assert {frame.codec for frame in harness.show()} == {Codec.H264, Codec.VP8}
    harness.thread.stop_encoding(Encoding(Codec.H264))
    assert [frame.codec for frame in harness.show()] == [Codec.VP8]


def test_a_codec_that_is_watched_again_starts_with_a_keyframe(harness):
    harness.thread.request_keyframe(Encoding(Codec.H264))
    harness.show()
    harness.thread.stop_encoding(Encoding(Codec.H264))
    harness.show()
    harness.thread.request_keyframe(Encoding(Codec.H264))
    (frame,) = harness.show()
    assert frame.keyframe


def test_a_picture_that_cannot_be_encoded_does_not_end_it(harness, caplog):
    harness.thread.request_keyframe(Encoding(Codec.H264))
    harness.show()
    with caplog.at_level(logging.ERROR):
        assert harness.show(av.VideoFrame(1, 1, 'yuv420p')) == []
    assert 'H264 picture not encoded' in caplog.text
    assert len(harness.show()) == 1


def test_a_picture_that_one_codec_cannot_take_reaches_the_other(harness):
    harness.thread.request_keyframe(Encoding(Codec.H264))
    harness.thread.request_keyframe(Encoding(Codec.VP8))
    # libvpx takes sides of less than 16384.
    frames = harness.show(av.VideoFrame(16384, 16, 'yuv420p'))
    assert [frame.codec for frame in frames] == [Codec.H264]


def test_a_picture_that_cannot_be_encoded_is_logged_once(harness, caplog):
    harness.thread.request_keyframe(Encoding(Codec.H264))
    for _ in range(3):
        harness.show(av.VideoFrame(1, 1, 'yuv420p'))
    assert caplog.text.count('picture not encoded') == 1
    harness.show()
    harness.show(av.VideoFrame(1, 1, 'yuv420p'))
    assert caplog.text.count('picture not encoded') == 2


def test_a_picture_that_was_passed_through_is_encoded_only_in_other_codecs(harness):
    harness.thread.request_keyframe(Encoding(Codec.H264))
    harness.thread.request_keyframe(Encoding(Codec.VP8))
    frames = harness.show(passed_as=Codec.H264)
    assert [frame.codec for frame in frames] == [Codec.VP8]


def test_after_a_restart_a_keyframe_comes_and_timestamps_go_on(harness):
    harness.thread.request_keyframe(Encoding(Codec.H264))
    frames = [*harness.show(), *harness.show()]
    harness.thread.restart(Codec.H264)
    frames += [*harness.show(), *harness.show()]
    assert [frame.keyframe for frame in frames] == [True, False, True, False]
    timestamps = [frame.timestamp for frame in frames]
    assert timestamps == sorted(set(timestamps))
    harness.thread.restart(Codec.VP8)
    assert harness.thread.codecs == {Codec.H264}


def test_a_changed_bit_rate_applies_to_present_and_later_encodings(harness, caplog):
    caplog.set_level(logging.INFO)
    harness.thread.request_keyframe(Encoding(Codec.H264))
    harness.show()
    harness.thread.set_bitrates(100_000, 700_000)
    (frame,) = harness.show()
    assert not frame.keyframe
    assert harness.thread.bitrates == {Encoding(Codec.H264): 700_000}
    harness.thread.request_keyframe(Encoding(Codec.VP8))
    harness.show()
    assert set(harness.thread.bitrates.values()) == {700_000}
    assert 'highest bit rate changed to 700 kbit/s' in caplog.text


@pytest.mark.parametrize('codec', list(Codec))
def test_timestamps_rise_when_the_clock_steps_back(harness, codec):
    harness.thread.request_keyframe(Encoding(codec))
    times = [START, START + 33_333_333, START - 10**12, START - 10**12, START + 10**14]
    frames = [frame for ns in times for frame in harness.show(capture_ns=ns)]
    timestamps = [frame.timestamp for frame in frames]
    assert timestamps == sorted(set(timestamps))
    assert timestamps[-1] < 90_000
    decoder = open_decoder(codec)
    pictures = [decoder.decode(av.Packet(frame.data)) for frame in frames]
    assert [len(decoded) for decoded in pictures] == [1] * len(times)


SMALL = Encoding(Codec.H264, Layer.SMALL)


def test_the_small_layer_has_half_the_size_and_a_later_timestamp_of_the_same_picture(harness):
    harness.thread.request_keyframe(SMALL)
    harness.thread.request_keyframe(Encoding(Codec.H264))
    pairs = [harness.show() for _ in range(3)]
    assert [[frame.layer for frame in pair] for pair in pairs] == [[Layer.FULL, Layer.SMALL]] * 3
    assert [video_size(frame) for frame in pairs[0]] == [(320, 240), (160, 120)]
    timestamps = [frame.timestamp for pair in pairs for frame in pair]
    assert timestamps == sorted(set(timestamps))
    assert all(small.timestamp - full.timestamp == 1 for full, small in pairs)
    assert harness.thread.codecs == {Codec.H264}


def test_a_keyframe_of_one_layer_is_not_one_of_the_other(harness):
    harness.thread.request_keyframe(Encoding(Codec.H264))
    harness.show()
    harness.thread.request_keyframe(SMALL)
    assert [(frame.layer, frame.keyframe) for frame in harness.show()] == [
        (Layer.FULL, False),
        (Layer.SMALL, True),
    ]
    harness.thread.stop_encoding(SMALL)
    assert [frame.layer for frame in harness.show()] == [Layer.FULL]


def test_a_limit_applies_to_its_encoding_up_to_the_highest_bit_rate(harness):
    assert harness.thread.bounds() == {}
    harness.thread.limit({SMALL: 120_000})
    harness.thread.request_keyframe(SMALL)
    harness.thread.request_keyframe(Encoding(Codec.H264))
    harness.show()
    automatic = Bounds(100_000, automatic_bitrate(320, 240, 30.0))
    assert harness.thread.bounds() == dict.fromkeys(Codec, automatic)
    assert harness.thread.bitrates == {Encoding(Codec.H264): automatic.highest, SMALL: 120_000}
    harness.thread.limit({Encoding(Codec.H264): 200_000, SMALL: 120_000})
    assert not any(frame.keyframe for frame in harness.show())
    assert harness.thread.bitrates == {Encoding(Codec.H264): 200_000, SMALL: 120_000}
    harness.thread.set_bitrates(110_000, 150_000)
    harness.show()
    assert harness.thread.bounds() == dict.fromkeys(Codec, Bounds(110_000, 150_000))
    assert harness.thread.bitrates == {Encoding(Codec.H264): 150_000, SMALL: 120_000}


def test_what_was_passed_through_lately_has_no_small_layer(harness, monkeypatch):
    harness.thread.request_keyframe(Encoding(Codec.VP8))
    harness.show()
    harness.thread.note_passed(Codec.H264)
    layered = {codec: bounds.layered for codec, bounds in harness.thread.bounds().items()}
    assert layered == {Codec.H264: False, Codec.VP8: True}
    monkeypatch.setattr(encoding_thread, 'PASSED_LATELY', 0.0)
    assert all(bounds.layered for bounds in harness.thread.bounds().values())


def test_closing_ends_the_thread(harness):
    harness.thread.request_keyframe(Encoding(Codec.H264))
    harness.show()
    harness.thread.close()
    harness.thread.close()
    assert encoder_threads() == []
    assert harness.frames.closed


def test_closing_before_the_start_is_fine():
    thread = EncodingThread(Latest(), EncoderOptions(), 30.0, print)
    thread.close()
    thread.start()
    thread.close()
    assert encoder_threads() == []


@pytest.fixture
def strained(monkeypatch):
    """Let any load be too much, from picture to picture."""
    monkeypatch.setattr('webrtc_bridge.media.load.encoder_load.STRAINED', 0.0)
    monkeypatch.setattr('webrtc_bridge.media.load.encoder_load.WINDOW', 0.0)


@pytest.mark.usefixtures('strained')
def test_a_machine_that_cannot_keep_up_sends_smaller_and_then_fewer_pictures(harness, caplog):
    harness.thread.request_keyframe(Encoding(Codec.H264))
    shown = [harness.show() for _ in range(60)]
    frames = [frame for frames in shown for frame in frames]
    sizes = [size for frame in frames if (size := video_size(frame))]
    assert sizes == [(320, 240), (212, 160), (160, 120)]
    assert [len(frames) for frames in shown[-8:]].count(1) == 2
    warnings = [record for record in caplog.records if record.levelno == logging.WARNING]
    assert len(warnings) == 1
    decoder = open_decoder(Codec.H264)
    pictures = [p for frame in frames for p in decoder.decode(av.Packet(frame.data))]
    assert len(pictures) == len(frames)


@pytest.mark.usefixtures('strained')
def test_a_keyframe_does_not_wait_for_a_picture_that_is_not_left_out(harness):
    harness.thread.request_keyframe(Encoding(Codec.H264))
    for _ in range(60):
        harness.show()
    while not harness.show():
        pass
    harness.thread.request_keyframe(Encoding(Codec.VP8))
    assert [frame.codec for frame in harness.show() if frame.keyframe] == [Codec.VP8]


@pytest.mark.parametrize('error', [TypeError('broken'), MemoryError(), av.FFmpegError(1, 'x')])
def test_no_error_of_an_encoder_ends_the_thread(harness, monkeypatch, caplog, error):
    harness.thread.request_keyframe(Encoding(Codec.H264))
    assert harness.show()
    encode = RunningEncoder.encode

    def fail(*_):
        raise error

    monkeypatch.setattr(RunningEncoder, 'encode', fail)
    assert harness.show() == []
    assert harness.show() == []
    assert caplog.text.count('picture not encoded') == 1
    monkeypatch.setattr(RunningEncoder, 'encode', encode)
    assert harness.show()
