import argparse
import time

import pytest

from webrtc_bridge.errors import OptionError
from webrtc_bridge.media.capture.pattern import read_clock
from webrtc_bridge.media.capture.pattern_source import PatternSource
from webrtc_bridge.media.pixels.planes import plane_pixels
from webrtc_bridge.options import SourceOptions
from webrtc_bridge.program.command_line import add_arguments, from_arguments


def options(**values):
    return SourceOptions(source='test', **{'width': 320, 'height': 240, 'fps': 100.0, **values})


def pictures(source, count):
    frames = []
    while len(frames) < count:
        frame = source.read()
        if frame is not None:
            frames.append(frame)
    return frames


def from_flags(*flags):
    parser = argparse.ArgumentParser()
    add_arguments(parser, SourceOptions)
    return from_arguments(SourceOptions, parser.parse_args(flags))


def test_pictures_have_the_size_asked_for_and_show_their_capture_time():
    for frame in pictures(PatternSource(options()), 3):
        assert (frame.picture.width, frame.picture.height) == (320, 240)
        assert read_clock(plane_pixels(frame.picture.planes[0])) == frame.capture_ns


def test_capture_times_are_now():
    before = time.time_ns() - 1_000
    frame = pictures(PatternSource(options()), 1)[0]
    assert before <= frame.capture_ns <= time.time_ns()


def test_pictures_come_at_the_rate_asked_for():
    source = PatternSource(options())
    first = pictures(source, 1)[0]
    last = pictures(source, 50)[-1]
    assert 0.49 <= (last.capture_ns - first.capture_ns) / 1e9 < 2.5


def test_pictures_missed_in_a_stall_are_left_out():
    source = PatternSource(options())
    pictures(source, 1)
    time.sleep(0.3)
    started = time.monotonic()
    pictures(source, 20)
    # A burst would bring these 20 at once, as the stall was 30 pictures long.
    assert time.monotonic() - started > 0.15


def test_a_slow_pattern_gives_signs_of_life_between_pictures():
    source = PatternSource(options(fps=0.1))
    assert source.read() is not None
    assert source.read() is None


@pytest.mark.parametrize('name', ['width', 'height'])
def test_an_odd_size_is_refused(name):
    with pytest.raises(OptionError, match=f'{name}: 321 given, expected an even number'):
        PatternSource(options(**{name: 321}))


@pytest.mark.parametrize('text', ['0', 'nan', 'inf', '-5', 'fast', '1e9'])
def test_an_impossible_rate_is_refused_on_the_command_line(text):
    with pytest.raises(OptionError) as refusal:
        from_flags('--fps', text)
    assert str(refusal.value).startswith('--fps: ')
    assert str(refusal.value).endswith('expected a number from 0.1 to 240 Hz')


def test_size_and_rate_come_from_the_command_line():
    parsed = from_flags('--source', 'test', '--width', '1280', '--height', '720', '--fps', '25')
    assert parsed == SourceOptions(source='test', width=1280, height=720, fps=25.0)
