"""The file of cameras: what it may say, and what is wrong with it."""

from pathlib import Path

import pytest

from webrtc_bridge.errors import OptionError
from webrtc_bridge.options import EncoderOptions, SenderOptions, SourceOptions
from webrtc_bridge.sending.cameras_file import MOST_CAMERAS, CameraEntry, keys, read_cameras

EXAMPLE = Path(__file__).parents[2] / 'config' / 'cameras.yaml'
URL = 'ws://server:8080'


def read(folder: Path, text: str, **source: object) -> list[CameraEntry]:
    (folder / 'cameras.yaml').write_text(text, encoding='utf-8')
    return read_cameras(
        str(folder / 'cameras.yaml'),
        SenderOptions(URL),
        SourceOptions(**source),  # type: ignore[arg-type]
        EncoderOptions(bitrate=500),
    )


def test_an_entry_has_every_option_of_a_camera_but_the_server() -> None:
    wanted = {'id', 'name', 'source', 'width', 'height', 'fps', 'codec', 'bitrate'}
    assert wanted < set(keys())
    assert 'server' not in keys()


def test_what_an_entry_leaves_out_is_as_the_flags_say(tmp_path: Path) -> None:
    text = '- id: front\n  name: Front\n  fps: 30\n- {id: rear, source: /dev/video1, bitrate: 900}'
    front, rear = read(tmp_path, text, source='test', width=320)
    assert front.sender == SenderOptions(URL, 'front', 'Front')
    assert front.source == SourceOptions(source='test', width=320, fps=30.0)
    assert front.encoder == EncoderOptions(bitrate=500)
    assert rear.sender == SenderOptions(URL, 'rear')
    assert rear.source == SourceOptions(source='/dev/video1', width=320)
    assert rear.encoder == EncoderOptions(bitrate=900)


def test_entries_may_share_with_yaml_anchors(tmp_path: Path) -> None:
    text = '- &all\n  id: front\n  width: 320\n- <<: *all\n  id: rear'
    cameras = read(tmp_path, text)
    assert [(c.sender.sender_id, c.source.width) for c in cameras] == [
        ('front', 320),
        ('rear', 320),
    ]


def test_the_example_is_a_file_of_cameras() -> None:
    cameras = read_cameras(str(EXAMPLE), SenderOptions(URL), SourceOptions(), EncoderOptions())
    assert [camera.sender.sender_id for camera in cameras] == ['front', 'rear']


@pytest.mark.parametrize(
    ('text', 'said'),
    [
        ('', 'cameras.yaml: nothing, expected a YAML list of cameras'),
        ('id: front', 'cameras.yaml: map, expected a YAML list of cameras'),
        ('[]', f'cameras.yaml: 0 cameras, expected 1 to {MOST_CAMERAS}'),
        ('- front', 'cameras.yaml line 1: str, expected a YAML list of cameras'),
        ('- {id: front', "cameras.yaml line 1: expected ',' or '}'"),
        ('- id: front\n  id: rear', "cameras.yaml line 2: 'id' a second time"),
        ('- id: front\n  wdth: 9', "line 1, camera 1 (front): 'wdth' given, expected one of id,"),
        ('- id: front\n  server: x', "camera 1 (front): 'server' given, expected one of id,"),
        ('- id: a\n- id: a', "line 2, camera 2: id: 'a' given, expected an id that no other"),
        ('- name: Front', "camera 1: id: '' given, expected the id that receivers ask for"),
        ('- id: a/b', "id: 'a/b' given, expected 1 to 64 letters"),
        ('- id: 7', 'camera 1: id: 7 given, expected 1 to 64 letters'),
        ('- id: a\n  width: 7', 'camera 1 (a): width: 7 given, expected a whole number from 16'),
        ('- id: a\n  fps: fast', "camera 1 (a): fps: 'fast' given, expected a number from"),
        ('- id: a\n  fps: .nan', 'camera 1 (a): fps: nan given, expected a number from'),
        ('- id: a\n  codec: av1', "codec: 'av1' given, expected one of auto, h264, vp8"),
        ('\n'.join(f'- id: c{n}' for n in range(99)), '99 cameras, expected 1 to'),
        ('- id: a\n  name: !!python/object:os.system {}', 'cameras.yaml line 2: could not'),
        ('# ' + 'x' * 70_000, 'at most 65536 bytes'),
    ],
)
def test_what_is_wrong_is_named_with_file_entry_and_key(
    tmp_path: Path, text: str, said: str
) -> None:
    with pytest.raises(OptionError) as caught:
        read(tmp_path, text)
    assert said in str(caught.value)
    assert 'cameras.yaml' in str(caught.value)
    assert '\n' not in str(caught.value)


@pytest.mark.parametrize('source', ['[rtsp://u:secret@x]', '{a: "rtsp://u:secret@x"}'])
def test_a_password_in_a_source_is_not_shown(tmp_path: Path, source: str) -> None:
    with pytest.raises(OptionError) as caught:
        read(tmp_path, f'- id: a\n  source: {source}')
    assert 'secret' not in str(caught.value)
