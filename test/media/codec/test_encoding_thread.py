import logging
import queue
import threading

import av
import pytest

from webrtc_bridge.media.capture.pattern import Pattern
from webrtc_bridge.media.codec.encoder import automatic_bitrate
from webrtc_bridge.media.codec.encoding_thread import EncodingThread
from webrtc_bridge.media.frames import CapturedFrame, Codec, Encoding, Layer
from webrtc_bridge.media.h264.video_size import video_size
from webrtc_bridge.media.latest import Latest
from webrtc_bridge.options import EncoderOptions

START = 1_700_000_000_000_000_000
DEADLINE = 10.0


class ObservedLatest(Latest):
    """Says when the thread comes for the next frame: it is done with the one before."""

    def __init__(self):
        super().__init__()
        self.asked = threading.Semaphore(0)
        self.kept = False

    def get(self, timeout=None):
        self.asked.release()
        item = super().get(timeout)
        if not self.kept:
            self.clear()  # so that tests see nothing encoded but what they show
        return item


class Station:
    """An encoding thread, whose frames are `encoded`."""

    def __init__(self):
        self.frames = ObservedLatest()
        self.encoded = queue.Queue()
        self.thread = EncodingThread(self.frames, EncoderOptions(), 30.0, self.encoded.put)
        self.pattern = Pattern(320, 240)
        self.count = 0
        self.thread.start()
        assert self.frames.asked.acquire(timeout=DEADLINE)

    def show(self, picture=None, passed_as=None):
        """Let the thread encode one picture; return what came out."""
        self.count += 1
        capture_ns = START + self.count * 33_333_333
        picture = picture or self.pattern.draw(capture_ns)
        self.frames.put(CapturedFrame(picture, capture_ns, passed_as))
        assert self.frames.asked.acquire(timeout=DEADLINE)
        return [self.encoded.get_nowait() for _ in range(self.encoded.qsize())]


@pytest.fixture
def station():
    station = Station()
    yield station
    station.thread.close()


def encoder_threads():
    return [thread for thread in threading.enumerate() if thread.name == 'encoder']


def test_nothing_is_encoded_while_nobody_watches(station):
    assert station.show() == []
    station.thread.request_keyframe(Encoding(Codec.H264))
    station.thread.stop_encoding(Encoding(Codec.H264))
    assert station.show() == []


def test_the_first_request_starts_a_codec_with_a_keyframe(station):
    station.show()
    station.thread.request_keyframe(Encoding(Codec.H264))
    (frame,) = station.show()
    assert (frame.codec, frame.keyframe) == (Codec.H264, True)
    (frame,) = station.show()
    assert not frame.keyframe


def test_who_watches_first_gets_the_picture_before_at_once(station):
    station.frames.kept = True
    station.show()
    station.thread.request_keyframe(Encoding(Codec.H264))
    frame = station.encoded.get(timeout=DEADLINE)
    assert (frame.keyframe, frame.time_ns) == (True, START + 33_333_333)
    # Who comes later shares the next picture: this one the others have seen.
    assert station.frames.asked.acquire(timeout=DEADLINE)
    station.thread.request_keyframe(Encoding(Codec.VP8))
    assert {frame.codec for frame in station.show()} == {Codec.H264, Codec.VP8}


def test_many_requests_make_one_encode_and_one_keyframe(station):
    for _ in range(8):
        station.thread.request_keyframe(Encoding(Codec.H264))
    encoded = [station.show() for _ in range(4)]
    assert [len(frames) for frames in encoded] == [1] * 4
    assert [frame.keyframe for (frame,) in encoded] == [True, False, False, False]


def test_a_request_soon_after_a_keyframe_is_answered_once_the_interval_is_over(station):
    station.thread.request_keyframe(Encoding(Codec.H264))
    (first,) = station.show()
    assert first.keyframe
    for _ in range(3):
        station.thread.request_keyframe(Encoding(Codec.H264))
    keyframes = 0
    while not keyframes:
        keyframes += sum(frame.keyframe for frame in station.show())
    assert station.count > 2
    (following,) = station.show()
    assert not following.keyframe


def test_each_codec_that_is_watched_is_encoded(station):
    station.thread.request_keyframe(Encoding(Codec.H264))
    station.thread.request_keyframe(Encoding(Codec.VP8))
    assert {frame.codec for frame in station.show()} == {Codec.H264, Codec.VP8}
    station.thread.stop_encoding(Encoding(Codec.H264))
    assert [frame.codec for frame in station.show()] == [Codec.VP8]


def test_a_codec_that_is_watched_again_begins_at_a_keyframe(station):
    station.thread.request_keyframe(Encoding(Codec.H264))
    station.show()
    station.thread.stop_encoding(Encoding(Codec.H264))
    station.show()
    station.thread.request_keyframe(Encoding(Codec.H264))
    (frame,) = station.show()
    assert frame.keyframe


def test_a_picture_that_cannot_be_encoded_does_not_end_it(station, caplog):
    station.thread.request_keyframe(Encoding(Codec.H264))
    station.show()
    with caplog.at_level(logging.ERROR):
        assert station.show(av.VideoFrame(1, 1, 'yuv420p')) == []
    assert 'H264 picture not encoded' in caplog.text
    assert len(station.show()) == 1


def test_a_picture_that_one_codec_cannot_take_reaches_the_other(station):
    station.thread.request_keyframe(Encoding(Codec.H264))
    station.thread.request_keyframe(Encoding(Codec.VP8))
    # libvpx takes sides of less than 16384.
    frames = station.show(av.VideoFrame(16384, 16, 'yuv420p'))
    assert [frame.codec for frame in frames] == [Codec.H264]


def test_a_picture_that_cannot_be_encoded_is_told_of_once(station, caplog):
    station.thread.request_keyframe(Encoding(Codec.H264))
    for _ in range(3):
        station.show(av.VideoFrame(1, 1, 'yuv420p'))
    assert caplog.text.count('picture not encoded') == 1
    station.show()
    station.show(av.VideoFrame(1, 1, 'yuv420p'))
    assert caplog.text.count('picture not encoded') == 2


def test_a_picture_that_viewers_have_in_a_codec_is_encoded_in_the_others_alone(station):
    station.thread.request_keyframe(Encoding(Codec.H264))
    station.thread.request_keyframe(Encoding(Codec.VP8))
    frames = station.show(passed_as=Codec.H264)
    assert [frame.codec for frame in frames] == [Codec.VP8]


def test_an_encode_that_begins_anew_begins_with_a_keyframe_and_later_timestamps(station):
    station.thread.request_keyframe(Encoding(Codec.H264))
    frames = [*station.show(), *station.show()]
    station.thread.begin_anew(Codec.H264)
    frames += [*station.show(), *station.show()]
    assert [frame.keyframe for frame in frames] == [True, False, True, False]
    timestamps = [frame.timestamp for frame in frames]
    assert timestamps == sorted(set(timestamps))
    station.thread.begin_anew(Codec.VP8)
    assert station.thread.codecs == {Codec.H264}


def test_another_bit_rate_holds_for_what_is_watched_and_for_what_will_be(station, caplog):
    caplog.set_level(logging.DEBUG)
    station.thread.request_keyframe(Encoding(Codec.H264))
    station.show()
    station.thread.set_bitrate(700_000)
    (frame,) = station.show()
    assert not frame.keyframe
    station.thread.request_keyframe(Encoding(Codec.VP8))
    station.show()
    lines = [record.getMessage() for record in caplog.records]
    assert 'encoding at most 700 kbit/s from now on' in lines
    assert 'encoding H264 at 700 kbit/s from now on' in lines
    assert 'encoding 320x240 as VP8 at 700 kbit/s' in lines


SMALL = Encoding(Codec.H264, Layer.SMALL)


def test_the_small_layer_has_half_the_size_and_a_later_timestamp_of_the_same_picture(station):
    station.thread.request_keyframe(SMALL)
    station.thread.request_keyframe(Encoding(Codec.H264))
    pairs = [station.show() for _ in range(3)]
    assert [[frame.layer for frame in pair] for pair in pairs] == [[Layer.FULL, Layer.SMALL]] * 3
    assert [video_size(frame) for frame in pairs[0]] == [(320, 240), (160, 120)]
    timestamps = [frame.timestamp for pair in pairs for frame in pair]
    assert timestamps == sorted(set(timestamps))
    assert all(small.timestamp - full.timestamp == 1 for full, small in pairs)
    assert station.thread.codecs == {Codec.H264}


def test_a_keyframe_of_one_layer_is_none_of_the_other(station):
    station.thread.request_keyframe(Encoding(Codec.H264))
    station.show()
    station.thread.request_keyframe(SMALL)
    assert [(frame.layer, frame.keyframe) for frame in station.show()] == [
        (Layer.FULL, False),
        (Layer.SMALL, True),
    ]
    station.thread.stop_encoding(SMALL)
    assert [frame.layer for frame in station.show()] == [Layer.FULL]


def test_a_limit_holds_for_its_stream_and_within_the_highest(station, caplog):
    caplog.set_level(logging.DEBUG)
    assert station.thread.highest_bitrate == 0
    station.thread.limit({SMALL: 120_000})
    station.thread.request_keyframe(SMALL)
    station.thread.request_keyframe(Encoding(Codec.H264))
    station.show()
    assert station.thread.highest_bitrate == automatic_bitrate(320, 240, 30.0)
    assert 'encoding 320x240 as H264 at 400 kbit/s' in caplog.text
    assert 'encoding 160x120 as H264 at 120 kbit/s' in caplog.text
    station.thread.limit({Encoding(Codec.H264): 200_000, SMALL: 120_000})
    assert not any(frame.keyframe for frame in station.show())
    assert 'encoding H264 at 200 kbit/s' in caplog.text
    station.thread.set_bitrate(150_000)
    station.show()
    assert station.thread.highest_bitrate == 150_000
    assert 'encoding H264 at 150 kbit/s' in caplog.text


def test_closing_ends_the_thread(station):
    station.thread.request_keyframe(Encoding(Codec.H264))
    station.show()
    station.thread.close()
    station.thread.close()
    assert encoder_threads() == []
    assert station.frames.closed


def test_closing_before_the_start_is_fine():
    thread = EncodingThread(Latest(), EncoderOptions(), 30.0, print)
    thread.close()
    thread.start()
    thread.close()
    assert encoder_threads() == []
