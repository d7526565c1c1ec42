import errno
import logging
import threading
import time

import av
import pytest
from support.media.video_files import write_video

from webrtc_bridge.errors import OptionError, SourceNotFound
from webrtc_bridge.media.capture.camera import HUNG_LIMIT, Camera, CameraState
from webrtc_bridge.media.frames import CapturedFrame
from webrtc_bridge.media.latest import Latest
from webrtc_bridge.options import SourceOptions

DEADLINE = 20.0
TEST_PATTERN = SourceOptions(source='test', width=64, height=48, fps=100.0)


class Device:
    """
    A camera that the test unplugs and hangs; calling it opens it.

    Its pictures carry, as pts, which opening they are from.
    """

    def __init__(self):
        self.unplugged = threading.Event()
        self.hung = threading.Event()
        self.hung_at_open = threading.Event()
        self.released = threading.Event()
        self.openings = []
        self.attempts = 0

    def __call__(self):
        self.attempts += 1
        if self.hung_at_open.is_set():
            self.released.wait(DEADLINE)
        if self.unplugged.is_set():
            raise SourceNotFound('device', 'no such device')
        opening = Opening(self, len(self.openings))
        self.openings.append(opening)
        return opening


class Opening:
    read_timeout = 0.3

    def __init__(self, device, number):
        self.description = f'device {number}'
        self.device = device
        self.number = number
        self.closed = threading.Event()
        self.in_hang = threading.Event()

    def read(self):
        if self.device.unplugged.wait(0.01):
            raise OSError(errno.ENODEV, 'No such device')
        if self.device.hung.is_set():
            # Like an ioctl that does not return: only the device itself ends it.
            self.in_hang.set()
            self.device.released.wait(DEADLINE)
        picture = av.VideoFrame(16, 16, 'yuv420p')
        picture.pts = self.number
        return CapturedFrame(picture, time.time_ns())

    def close(self):
        self.closed.set()


@pytest.fixture
def device():
    device = Device()
    yield device
    device.released.set()


@pytest.fixture
def open_camera():
    """Open cameras that are closed at the end of the test and leave no thread behind."""
    cameras = []

    def start(open_source=None, options=TEST_PATTERN, **settings):
        camera = Camera(options, Latest(), open_source, **settings)
        cameras.append(camera)
        camera.open()
        return camera, camera._frames

    yield start
    for camera in cameras:
        camera.close()


def next_frame(frames):
    frame = frames.get(timeout=DEADLINE)
    assert frame is not None, 'no picture in time'
    return frame


def frame_of(frames, opening):
    """Return the first frame of that opening; frames of earlier ones may still precede it."""
    while True:
        frame = next_frame(frames)
        if frame.picture.pts == opening:
            return frame


def wait_for(condition):
    deadline = time.monotonic() + DEADLINE
    while not condition():
        assert time.monotonic() < deadline, 'not in time'
        time.sleep(0.01)


def messages(caplog, text):
    return [record for record in caplog.records if text in record.getMessage()]


def test_pictures_of_the_test_pattern_arrive_with_rising_times(open_camera):
    camera, frames = open_camera()
    assert camera.description == 'test pattern 64x48 at 100 fps'
    assert camera.state is CameraState.LIVE
    times = [next_frame(frames).capture_ns for _ in range(20)]
    assert times == sorted(set(times))


def test_a_camera_that_is_not_read_keeps_only_the_newest_picture(open_camera):
    _, frames = open_camera()
    wait_for(lambda: frames.dropped > 5)
    assert time.time_ns() - next_frame(frames).capture_ns < 5e9


def test_open_raises_the_reason_and_leaves_no_thread(tmp_path):
    camera = Camera(SourceOptions(source=str(tmp_path / 'missing.mp4')), Latest())
    with pytest.raises(SourceNotFound, match='no such file'):
        camera.open()
    assert camera.state is CameraState.CLOSED
    assert not [t for t in threading.enumerate() if t.name.startswith('camera')]


def test_open_does_not_wait_forever(device):
    device.hung_at_open.set()
    camera = Camera(TEST_PATTERN, Latest(), device, open_timeout=0.2)
    with pytest.raises(SourceNotFound, match=r'did not open within 0\.2 s'):
        camera.open()
    device.released.set()
    wait_for(lambda: device.openings and device.openings[0].closed.is_set())


def test_an_unknown_kind_of_source_is_refused_before_anything_is_opened():
    with pytest.raises(OptionError, match='rtsp://'):
        Camera(SourceOptions(source='gopher://x'), Latest())


@pytest.mark.parametrize('source', ['test', 'auto'])
def test_an_odd_size_of_the_test_pattern_is_refused(source):
    with pytest.raises(OptionError, match='even'):
        Camera(SourceOptions(source=source, width=641), Latest())


def test_a_camera_unplugged_and_back_goes_on_with_rising_times(open_camera, device, caplog):
    caplog.set_level(logging.INFO)
    camera, frames = open_camera(device)
    before = next_frame(frames)
    device.unplugged.set()
    wait_for(lambda: device.attempts >= 3)
    assert camera.state is CameraState.LOST
    device.unplugged.clear()
    after = frame_of(frames, 1)
    assert after.capture_ns > before.capture_ns
    assert camera.state is CameraState.LIVE
    assert camera.description == 'device 1'
    assert device.openings[0].closed.is_set()
    assert len(messages(caplog, 'camera lost')) == 1
    assert len(messages(caplog, 'camera is back: device 1')) == 1


def test_a_hung_read_is_noticed_and_the_camera_opened_again(open_camera, device, caplog):
    camera, frames = open_camera(device)
    next_frame(frames)
    device.hung.set()
    wait_for(lambda: 'no picture for 0.3 s' in caplog.text)
    assert camera.state is CameraState.LOST
    device.hung.clear()
    frame_of(frames, 1)


def test_a_hung_reader_delivers_nothing_after_the_reopening(open_camera, device):
    camera, frames = open_camera(device)
    next_frame(frames)
    device.hung.set()
    wait_for(lambda: camera.state is CameraState.LOST)
    device.hung.clear()
    frame_of(frames, 1)
    device.released.set()
    wait_for(device.openings[0].closed.is_set)
    assert {next_frame(frames).picture.pts for _ in range(20)} == {1}


def test_a_camera_that_hangs_at_every_opening_costs_few_threads(open_camera, device):
    camera, frames = open_camera(device, open_timeout=0.01)
    camera._delay = 0.01
    next_frame(frames)
    device.hung_at_open.set()
    device.hung.set()
    wait_for(lambda: len(camera._hung) == HUNG_LIMIT)
    attempts = device.attempts
    camera._closed.wait(0.3)
    assert device.attempts == attempts


def test_close_releases_a_working_camera_at_once(open_camera, device):
    camera, frames = open_camera(device)
    next_frame(frames)
    started = time.monotonic()
    camera.close()
    camera.close()
    assert time.monotonic() - started < 2
    assert device.openings[0].closed.is_set()
    assert camera.state is CameraState.CLOSED
    assert not frames.closed
    assert not [t for t in threading.enumerate() if t.name.startswith('camera')]


def test_close_does_not_wait_for_a_hung_camera_for_long(open_camera, device, caplog):
    camera, _ = open_camera(device)
    device.hung.set()
    wait_for(device.openings[0].in_hang.is_set)
    started = time.monotonic()
    camera.close()
    assert time.monotonic() - started < DEADLINE / 2
    assert 'could not be released' in caplog.text
    device.released.set()
    wait_for(device.openings[0].closed.is_set)


def test_close_ends_a_camera_that_is_lost(open_camera, device):
    camera, _ = open_camera(device)
    device.unplugged.set()
    wait_for(lambda: camera.state is CameraState.LOST)
    camera.close()
    assert not [t for t in threading.enumerate() if t.name.startswith('camera')]


def test_a_camera_never_opened_can_be_closed():
    Camera(TEST_PATTERN, Latest()).close()


def test_a_file_that_vanishes_and_returns_is_played_again(open_camera, tmp_path):
    path = write_video(tmp_path / 'film.mp4', frames=3, fps=50)
    camera, frames = open_camera(options=SourceOptions(source=str(path)))
    next_frame(frames)
    path.rename(tmp_path / 'away.mp4')
    wait_for(lambda: camera.state is CameraState.LOST)
    (tmp_path / 'away.mp4').rename(path)
    wait_for(lambda: camera.state is CameraState.LIVE)
    next_frame(frames)
