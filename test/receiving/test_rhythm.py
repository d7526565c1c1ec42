from math import inf

from webrtc_bridge.receiving.rhythm import Rhythm

S = 1_000_000_000


def test_a_single_picture_may_be_the_only_one() -> None:
    rhythm = Rhythm()
    assert rhythm.usual_silence == 0
    rhythm.note(100 * S)
    rhythm.note(100 * S + 22_000)  # the same picture, for another viewer
    assert rhythm.usual_silence == inf


def test_three_intervals_are_usual() -> None:
    rhythm = Rhythm()
    for second in (0, 20, 40):
        rhythm.note(second * S)
    assert rhythm.usual_silence == 60


def test_the_newest_intervals_count() -> None:
    rhythm = Rhythm()
    rhythm.note(0)
    for number in range(4):
        rhythm.note(60 * S + number * S // 10)
    assert 0.29 < rhythm.usual_silence < 0.31
