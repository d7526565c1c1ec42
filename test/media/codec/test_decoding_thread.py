import logging
import queue
import threading
import time

import pytest

from webrtc_bridge.media.capture.pattern import Pattern, read_clock
from webrtc_bridge.media.codec.decoding_thread import BACKLOG, CATCH_UP, MOST, DecodingThread
from webrtc_bridge.media.codec.encoder import Encoder
from webrtc_bridge.media.frames import CapturedFrame, Codec, EncodedFrame, Encoding
from webrtc_bridge.media.pixels.planes import plane_pixels

START = 1_700_000_000_000_000_000
INTERVAL = 33_333_333
DEADLINE = 20.0
CODECS = pytest.mark.parametrize('codec', list(Codec))


def capture_ns(number):
    return START + number * INTERVAL


def encode(count, codec=Codec.H264, keyframes=()):
    encoder, pattern = Encoder(Encoding(codec), 30.0), Pattern(320, 240)
    return [
        encoder.encode(
            CapturedFrame(pattern.draw(capture_ns(n)), capture_ns(n)),
            3000 * n,
            keyframe=n in keyframes,
        )
        for n in range(count)
    ]


class Viewer:
    """Take pictures; while `busy` is set, the first one blocks the decoder's thread."""

    def __init__(self):
        self.pictures = queue.Queue()
        self.lost = queue.Queue()
        self.at_work = threading.Event()
        self.free = threading.Event()
        self.free.set()
        self.thread = DecodingThread('x', self.show, lambda: self.lost.put(None))

    def show(self, picture, frame):
        self.at_work.set()
        assert self.free.wait(DEADLINE)
        self.pictures.put((picture, frame))

    def make_busy(self, frame):
        """Block the thread with the picture of `frame`."""
        self.free.clear()
        self.thread.put(frame)
        assert self.at_work.wait(DEADLINE)

    def next(self):
        """Return the number that is read from the next picture."""
        picture, frame = self.pictures.get(timeout=DEADLINE)
        clock = read_clock(plane_pixels(picture.planes[0]))
        assert clock == frame.time_ns // 1000 * 1000
        return round((clock - START) / INTERVAL)


@pytest.fixture
def viewer():
    viewer = Viewer()
    yield viewer
    viewer.free.set()
    viewer.thread.close()


def decoder_threads():
    return [thread for thread in threading.enumerate() if thread.name.startswith('decoder')]


@CODECS
def test_every_picture_is_handed_out_at_once(viewer, codec):
    for n, frame in enumerate(encode(10, codec)):
        viewer.thread.put(frame)
        assert viewer.next() == n
    assert viewer.thread.dropped == 0


@CODECS
def test_a_slow_consumer_gets_the_newest_picture(viewer, codec):
    frames = encode(20, codec)
    viewer.make_busy(frames[0])
    for frame in frames[1:15]:
        viewer.thread.put(frame)
    time.sleep(2 * CATCH_UP)  # so long it takes for one picture
    viewer.free.set()
    assert [viewer.next(), viewer.next()] == [0, 14]
    for n in range(15, 20):
        viewer.thread.put(frames[n])
        assert viewer.next() == n
    assert viewer.thread.dropped == 13


@CODECS
def test_a_quick_consumer_gets_every_picture_of_a_burst(viewer, codec):
    viewer.thread.close()
    at_once = DecodingThread('x', viewer.show, lambda: viewer.lost.put(None))
    frames = encode(6, codec)
    with at_once._changed:  # it takes none before all are there
        for frame in frames:
            at_once.put(frame)
    assert [viewer.next() for _ in frames] == list(range(6))
    assert at_once.dropped == 0
    at_once.close()


def test_the_codec_may_change(viewer):
    h264, vp8 = encode(4), encode(4, Codec.VP8, keyframes=(2,))
    for frame in (*h264[:2], *vp8[2:]):
        viewer.thread.put(frame)
        viewer.next()
    assert viewer.lost.empty()


@CODECS
def test_a_frame_that_cannot_be_decoded_is_a_lost_picture(viewer, codec):
    frames = encode(3, codec)
    viewer.thread.put(frames[1])
    viewer.lost.get(timeout=DEADLINE)
    assert viewer.pictures.empty()
    viewer.thread.put(frames[0])
    assert viewer.next() == 0


def test_rubbish_is_a_lost_picture_and_the_next_keyframe_is_shown(viewer):
    for codec in Codec:
        viewer.thread.put(EncodedFrame(codec, b'\xff' * 50, True, 0, 0))
        viewer.lost.get(timeout=DEADLINE)
    viewer.thread.put(encode(1)[0])
    assert viewer.next() == 0


@pytest.fixture
def any_is_late(monkeypatch):
    """A decoder that any wait is too long for."""
    monkeypatch.setattr('webrtc_bridge.media.codec.decoding_thread.LATE', 0.0)


@CODECS
@pytest.mark.usefixtures('any_is_late')
def test_beyond_the_backlog_everything_up_to_the_next_keyframe_is_dropped(viewer, codec):
    # A frame after a dropped one would be decoded into a wrong picture, without an error.
    frames = encode(BACKLOG + 8, codec, keyframes=(BACKLOG + 5,))
    viewer.make_busy(frames[0])
    for frame in frames[1 : BACKLOG + 1]:
        viewer.thread.put(frame)
    assert viewer.lost.empty()
    for frame in frames[BACKLOG + 1 : BACKLOG + 5]:
        viewer.thread.put(frame)
    assert viewer.lost.qsize() == 1
    assert viewer.thread.dropped == BACKLOG + 4
    viewer.free.set()
    assert viewer.next() == 0
    for n in range(BACKLOG + 5, BACKLOG + 8):
        viewer.thread.put(frames[n])
        assert viewer.next() == n


@pytest.mark.usefixtures('any_is_late')
def test_a_keyframe_beyond_the_backlog_needs_no_other(viewer):
    frames = encode(BACKLOG + 2, keyframes=(BACKLOG + 1,))
    viewer.make_busy(frames[0])
    for frame in frames[1:]:
        viewer.thread.put(frame)
    assert viewer.lost.empty()
    viewer.free.set()
    assert [viewer.next(), viewer.next()] == [0, BACKLOG + 1]


def test_a_burst_is_decoded_however_many_frames_it_has(viewer, monkeypatch):
    """Frames that waited for a lost packet of a long path come at once: up to 3 s of them."""
    monkeypatch.setattr('webrtc_bridge.media.codec.decoding_thread.LATE', DEADLINE)
    frames = encode(90 + 1)
    viewer.make_busy(frames[0])
    for frame in frames[1:]:
        viewer.thread.put(frame)
    assert viewer.lost.empty()
    viewer.free.set()
    while viewer.next() != 90:
        pass


def test_no_burst_is_without_bound(viewer, monkeypatch):
    monkeypatch.setattr('webrtc_bridge.media.codec.decoding_thread.LATE', DEADLINE)
    frames = encode(2)
    viewer.make_busy(frames[0])
    for _ in range(MOST + 1):
        viewer.thread.put(frames[1])
    assert viewer.lost.qsize() == 1
    viewer.free.set()


@pytest.mark.usefixtures('any_is_late')
def test_a_keyframe_that_does_not_come_is_asked_for_again(viewer):
    frames = encode(4 * BACKLOG + 1)
    viewer.make_busy(frames[0])
    for frame in frames[1:]:
        viewer.thread.put(frame)
    assert viewer.lost.qsize() == 3
    viewer.free.set()


def test_a_consumer_that_raises_is_logged_and_gets_the_next_picture(caplog):
    displayed = queue.Queue()
    failures = [ValueError('no such topic'), ValueError('still none')]

    def show(picture, frame):
        displayed.put(frame)
        if failures:
            raise failures.pop(0)

    thread = DecodingThread('front', show, print)
    with caplog.at_level(logging.ERROR):
        for frame in encode(4):
            thread.put(frame)
            assert displayed.get(timeout=DEADLINE) is frame
        thread.close()
    assert 'ValueError: no such topic' in caplog.text
    assert 'decoder front' in caplog.text
    assert caplog.text.count('Traceback') == 1  # not one for each picture
    assert decoder_threads() == []


def test_closing_ends_the_thread(viewer):
    viewer.thread.put(encode(1)[0])
    viewer.thread.close()
    viewer.thread.close()
    assert decoder_threads() == []


def test_closing_while_a_picture_is_handed_out_ends_after_it(viewer):
    frames = encode(5)
    viewer.make_busy(frames[0])
    for frame in frames[1:]:
        viewer.thread.put(frame)
    closing = threading.Thread(target=viewer.thread.close)
    closing.start()
    viewer.free.set()
    closing.join(DEADLINE)
    assert decoder_threads() == []
    assert viewer.next() == 0
    assert viewer.pictures.qsize() <= 1  # none, if close came first


def test_closing_does_not_wait_forever(viewer):
    viewer.make_busy(encode(1)[0])
    viewer.thread.close()
    assert len(decoder_threads()) == 1
    viewer.free.set()
    decoder_threads()[0].join(DEADLINE)
    assert decoder_threads() == []


def test_a_consumer_may_close_it():
    closed = threading.Event()

    def show(picture, frame):
        thread.close()
        closed.set()

    thread = DecodingThread('x', show, print)
    thread.put(encode(1)[0])
    assert closed.wait(DEADLINE)
    thread.close()
    assert decoder_threads() == []


def test_what_comes_after_closing_is_not_decoded(viewer):
    viewer.thread.close()
    for frame in encode(3):
        viewer.thread.put(frame)
    assert viewer.pictures.empty()
