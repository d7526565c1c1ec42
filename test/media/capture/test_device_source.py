import av
import pytest
from support.media.video_files import write_video

from webrtc_bridge.errors import (
    SourceUnreadable,
)
from webrtc_bridge.media.capture.device_source import in_best_format
from webrtc_bridge.options import SourceOptions


def stand_in_camera(tmp_path, offers):
    """Return a function that opens a file for each of `offers`, {name: (size, fps)}, and a log."""
    asked = []

    def open_as(input_format):
        asked.append(input_format)
        if input_format not in offers:
            raise SourceUnreadable('/dev/video0', f'is not a camera ({input_format})')
        size, fps = offers[input_format]
        path = tmp_path / f'{input_format or "raw"}.mkv'
        return av.open(str(write_video(path, size=size, fps=fps, frames=2)))

    return open_as, asked


@pytest.mark.parametrize(
    ('offers', 'taken', 'asked'),
    [
        ({'': ((640, 480), 30)}, (640, 30), ['']),
        ({'': ((640, 480), 25)}, (640, 25), ['']),
        ({'': ((640, 480), 10), 'mjpeg': ((640, 480), 30)}, (640, 30), ['', 'mjpeg']),
        ({'': ((320, 240), 30), 'mjpeg': ((640, 480), 30)}, (640, 30), ['', 'mjpeg']),
        ({'mjpeg': ((640, 480), 30)}, (640, 30), ['', 'mjpeg']),
        (
            {'': ((640, 480), 10), 'mjpeg': ((640, 480), 15)},
            (640, 15),
            ['', 'mjpeg', 'h264', 'mjpeg'],
        ),
    ],
)
def test_the_first_format_that_reaches_size_and_rate_is_chosen(tmp_path, offers, taken, asked):
    open_as, log = stand_in_camera(tmp_path, offers)
    with in_best_format(open_as, SourceOptions(width=640, height=480, fps=30.0)) as container:
        stream = container.streams.video[0]
        assert (stream.width, round(stream.average_rate)) == taken
    assert log == asked


def test_a_camera_that_opens_in_no_format_is_refused_with_the_first_reason(tmp_path):
    open_as, _ = stand_in_camera(tmp_path, {})
    with pytest.raises(SourceUnreadable, match=r'is not a camera \(\)'):
        in_best_format(open_as, SourceOptions())
