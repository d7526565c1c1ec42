"""Several cameras in one webcam_sender: the file, and the program that serves it."""

from pathlib import Path

import av
import pytest
from support.peers.watching import watching
from support.programs import Program, Start

from webrtc_bridge.errors import OptionError
from webrtc_bridge.options import EncoderOptions, SenderOptions, SourceOptions
from webrtc_bridge.sending.cameras_file import MOST_CAMERAS, CameraEntry, keys, read_cameras

EXAMPLE = Path(__file__).parents[2] / 'config' / 'cameras.yaml'
URL = 'ws://server:8080'

FRONT_AND_REAR = """\
- id: front
  source: test
  width: 320
  height: 240
- id: rear
  source: test
  width: 160
  height: 120
"""


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
        ('- id: a\n- id: a', "line 2, camera 2: id: 'a' given, expected one that no other"),
        ('- name: Front', "camera 1: id: '' given, expected the id that receivers ask for"),
        ('- id: a/b', "id: 'a/b' given, expected 1 to 64 letters"),
        ('- id: 7', 'camera 1: id: 7 given, expected 1 to 64 letters'),
        ('- id: a\n  width: 7', 'camera 1 (a): width: 7 given, expected a whole number from 16'),
        ('- id: a\n  fps: fast', "camera 1 (a): fps: 'fast' given, expected a number from"),
        ('- id: a\n  fps: .nan', 'camera 1 (a): fps: nan given, expected a number from'),
        ('- id: a\n  codec: av1', "codec: 'av1' given, expected one of auto, h264, vp8"),
        ('\n'.join(f'- id: c{n}' for n in range(99)), '99 cameras, expected 1 to'),
        ('- id: a\n  name: !!python/object:os.system {}', 'cameras.yaml line 2: could not'),
        ('# ' + 'x' * 70_000, 'expected at most 65536'),
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


def cameras(folder: Path, text: str) -> list[str]:
    (folder / 'cameras.yaml').write_text(text, encoding='utf-8')
    return ['--cameras', str(folder / 'cameras.yaml')]


async def test_two_cameras_of_one_process_reach_two_receivers(
    start_module: Start, server: Program, tmp_path: Path
) -> None:
    arguments = cameras(tmp_path, FRONT_AND_REAR)
    sender = await start_module('commands.webcam', '--server', server.url, *arguments)
    async with watching(server.url, 'front') as front, watching(server.url, 'rear') as rear:
        await front.wait_for_more(10)
        await rear.wait_for_more(10)
    assert (set(front.sizes), set(rear.sizes)) == ({(320, 240)}, {(160, 120)})
    assert await sender.stop() == 0
    assert 'Traceback' not in sender.output


def write_video(path: Path) -> None:
    """Write a video file that is complete as soon as it exists."""
    with av.open(str(path.with_suffix('.part')), 'w', format='matroska') as container:
        stream = container.add_stream('libx264', rate=20)
        stream.width, stream.height, stream.pix_fmt = 128, 96, 'yuv420p'
        for _ in range(20):
            container.mux(stream.encode(av.VideoFrame(128, 96, 'yuv420p')))
        container.mux(stream.encode(None))
    path.with_suffix('.part').rename(path)


async def test_a_camera_that_is_not_there_stops_no_other_and_may_come_later(
    start_module: Start, server: Program, tmp_path: Path
) -> None:
    late = tmp_path / 'late.mkv'
    text = f'{FRONT_AND_REAR}- id: late\n  source: {late}\n'
    sender = await start_module(
        'commands.webcam', '--server', server.url, *cameras(tmp_path, text)
    )
    await sender.line(r'\[ERROR\] .* camera late: source .*late\.mkv: no such file')
    async with watching(server.url, 'front') as front, watching(server.url, 'late') as seen:
        await front.wait_for_more(10)
        write_video(late)
        await seen.wait_for_more(5)
        await front.wait_for_more(10)
    await sender.line('camera late is open now')
    assert sum('[ERROR]' in line for line in sender.lines) == 1, sender.output
    assert await sender.stop() == 0


async def test_a_camera_of_no_known_kind_is_one_line_and_status_2(
    start_module: Start, server: Program, tmp_path: Path
) -> None:
    text = f'{FRONT_AND_REAR}- id: wrong\n  source: ftp://u:secret@host/x\n'
    sender = await start_module(
        'commands.webcam', '--server', server.url, *cameras(tmp_path, text)
    )
    assert await sender.ended() == 2
    (line,) = [line for line in sender.lines if line.startswith('error: ')]
    assert 'camera 3 (wrong): source: ' in line
    assert 'secret' not in sender.output


async def test_no_camera_at_all_is_one_line_and_status_3(
    start_module: Start, tmp_path: Path
) -> None:
    text = '- id: a\n  source: /no/such/a\n- id: b\n  source: /no/such/b\n'
    sender = await start_module('commands.webcam', *cameras(tmp_path, text))
    assert await sender.ended() == 3
    assert sender.lines[-1] == 'error: source /no/such/a: no such file'


@pytest.mark.parametrize(
    ('more', 'said'),
    [
        (['--cameras', '/no/such.yaml'], '/no/such.yaml: no such file or directory, expected'),
        (['--cameras', '/'], '/: is a directory, expected a readable file'),
        (['--cameras', str(EXAMPLE), '--id', 'x'], "--id: 'x' given, expected no id"),
    ],
)
async def test_a_file_that_cannot_be_used_is_one_line_and_status_2(
    start_module: Start, more: list[str], said: str
) -> None:
    sender = await start_module('commands.webcam', *more)
    assert await sender.ended() == 2
    (line,) = sender.lines
    assert line.startswith('error: ')
    assert said in line
