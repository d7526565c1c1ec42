import sys
from pathlib import Path

import pytest

from webrtc_bridge.errors import UnknownArgumentError
from webrtc_bridge.nodes.ros.launch_values import frame_of_each, refuse_unknown, typed_arguments

FILE = 'receiver.launch.py'
NAMES = ('sender_id', 'frame_id')


def typed(monkeypatch: pytest.MonkeyPatch, line: str) -> None:
    monkeypatch.setattr(sys, 'argv', line.split())


@pytest.mark.parametrize(
    ('line', 'names'),
    [
        ('ros2 launch webrtc_bridge receiver.launch.py', []),
        ('ros2 launch -d webrtc_bridge receiver.launch.py a:=b c:=d:=e', ['a', 'c']),
        ('ros2 launch ./launch/receiver.launch.py a:=b', ['a']),
        ('ros2 launch my_robot bringup.launch.py a:=b', None),
        ('pytest', None),
    ],
)
def test_arguments_are_those_after_the_name_of_the_file(monkeypatch, line, names):
    typed(monkeypatch, line)
    assert typed_arguments(FILE) == names


def test_an_unknown_argument_is_refused_with_the_known_ones(monkeypatch):
    typed(monkeypatch, f'ros2 launch webrtc_bridge {FILE} sender_id:=front frame:=lens')
    with pytest.raises(UnknownArgumentError) as caught:
        refuse_unknown(FILE, NAMES)
    assert str(caught.value) == 'argument frame: unknown, expected one of sender_id, frame_id'


@pytest.mark.parametrize('file', [FILE, 'bringup.launch.py'])
def test_known_arguments_and_those_of_another_file_are_taken(monkeypatch, file):
    typed(monkeypatch, f'ros2 launch webrtc_bridge {file} sender_id:=front frame_id:=lens')
    refuse_unknown(FILE, NAMES)
    typed(monkeypatch, 'ros2 launch my_robot bringup.launch.py robot:=rover1')
    refuse_unknown(FILE, NAMES)


@pytest.mark.parametrize(
    ('given', 'in_file', 'frame'),
    [
        ('', '', '${NAME}_camera_optical_frame'),
        ('lens', 'ignored', '${NAME}_lens'),
        ('robot/${NAME}', '', 'robot/${NAME}'),
        ('', 'lens', '${NAME}_lens'),
        ('', 'robot/${NAME}', 'robot/${NAME}'),
    ],
)
def test_each_of_several_cameras_has_a_frame_of_its_own(tmp_path: Path, given, in_file, frame):
    file = tmp_path / 'params.yaml'
    file.write_text(f"/**: {{ros__parameters: {{frame_id: '{in_file}'}}}}")
    assert frame_of_each(given, str(file)) == frame
