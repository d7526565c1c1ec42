import logging

import av
import pytest

from webrtc_bridge.media.capture.pattern import Pattern
from webrtc_bridge.media.frames import CapturedFrame
from webrtc_bridge.media.load.load_limiter import LoadLimiter

SECOND = 1_000_000_000


def captured(width, height, number=0):
    return CapturedFrame(Pattern(width, height).draw(number * SECOND), number * SECOND)


def strain(limiter, frame, seconds):
    """Let encoding take all of the time, in each of these seconds."""
    for second in seconds:
        limiter.note(frame, 1.0, float(second))


def test_pictures_become_smaller_and_then_fewer_and_that_is_reported_once(caplog):
    caplog.set_level(logging.INFO)
    limiter, frame = LoadLimiter(), captured(1280, 720)
    assert limiter.take(frame, needed=False) is frame
    strain(limiter, frame, range(5))
    reduced = limiter.take(frame, needed=False)
    assert (reduced.picture.width, reduced.picture.height) == limiter.size(frame) == (852, 480)
    assert reduced.capture_ns == frame.capture_ns
    strain(limiter, frame, range(5, 13))
    assert limiter.size(frame) == (640, 360)
    assert limiter.interval == 2
    taken = [limiter.take(frame, needed=False) is not None for _ in range(6)]
    assert taken.count(True) == 3
    assert limiter.take(frame, needed=True)
    assert limiter.take(frame, needed=True)
    assert [record.getMessage() for record in caplog.records] == [
        'encoding 1280x720 takes this machine too long: sending 852x480 until there is room'
    ]
    assert caplog.records[0].levelno == logging.WARNING


@pytest.mark.parametrize('size', [(160, 120), (321, 200)], ids=['small', 'odd'])
def test_pictures_that_are_not_reduced_are_not_touched(size):
    limiter = LoadLimiter()
    frame = CapturedFrame(av.VideoFrame(*size, 'bgr24'), 0)
    assert limiter.take(frame, needed=False) is frame
    if size == (160, 120):
        strain(limiter, frame, range(5))
        assert limiter.take(frame, needed=False) is frame


def test_small_pictures_are_not_made_smaller_than_is_of_use():
    limiter, frame = LoadLimiter(), captured(320, 180)
    for first in (0, 5, 10):
        strain(limiter, frame, range(first, first + 5))
        assert limiter.size(frame) == (212, 120)
