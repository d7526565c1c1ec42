"""Several cameras in one webcam_sender."""

from pathlib import Path

import av
import pytest
from support.peers.watching import watching
from support.programs import Program, Start

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
    assert 'camera 3 (wrong): --source: ' in line
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
