from math import inf

from webrtc_bridge.media.frames import Codec, EncodedFrame
from webrtc_bridge.receiving.rhythm import Rhythm

S = 1_000_000_000
TICKS = 90_000


def frame(timestamp: float, arrival: float, capture: float | None = None) -> EncodedFrame:
    """Return a frame with these times, in seconds."""
    return EncodedFrame(
        Codec.H264,
        b'',
        False,
        round(timestamp * TICKS) % (1 << 32),
        round(arrival * S),
        capture_ns=None if capture is None else round(capture * S),
    )


def test_a_single_picture_may_be_the_only_one() -> None:
    rhythm = Rhythm()
    assert rhythm.usual_silence == 0
    rhythm.note(frame(7, 100.5))
    # The same picture, for another viewer, and then once more; the first report came between.
    rhythm.note(frame(7.000022, 100.8, 100.49))
    rhythm.note(frame(7.000044, 112.0, 100.49))
    assert rhythm.usual_silence == inf


def test_three_intervals_are_usual() -> None:
    rhythm = Rhythm()
    for number in range(3):
        # An RTP timestamp does not follow a step of more than 10 s.
        rhythm.note(frame(number / 30, 20 * number + 1, 20 * number))
    assert rhythm.usual_silence == 60


def test_the_newest_intervals_count() -> None:
    rhythm = Rhythm()
    rhythm.note(frame(0, 0, 0))
    for number in range(4):
        rhythm.note(frame(60 + number / 10, 60 + number / 10, 60 + number / 10))
    assert 0.29 < rhythm.usual_silence < 0.31


def test_arrivals_count_until_the_captures_are_known() -> None:
    rhythm = Rhythm()
    for number, capture in enumerate((None, 1020.0)):
        rhythm.note(frame(47_721 + number, 20 * number, capture))  # the timestamp wraps around
    assert rhythm.usual_silence == 60
