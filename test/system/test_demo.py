"""The demo, from one command to images on a topic."""

import asyncio
import sys

import pytest

pytest.importorskip('rclpy', reason='needs rclpy')

from webrtc_bridge.commands.demo import first_end
from webrtc_bridge.errors import ProgramEndedError


@pytest.mark.long
async def test_it_shows_images_on_a_topic_and_ends_by_itself(start_module):
    demo = await start_module(
        'commands.demo', '--port', '0', '--duration', '8', '--source', 'test'
    )
    assert await demo.ended(timeout=60) == 0, demo.output
    assert 'topic: /image_raw' in demo.output
    line = await demo.line(r'/image_raw: 640x480 bgr8, (\d+\.\d) fps \| capture to publish')
    assert float(line[1]) > 0
    assert 'Traceback' not in demo.output


async def exited(status: int) -> asyncio.subprocess.Process:
    process = await asyncio.create_subprocess_exec(sys.executable, '-c', f'exit({status})')
    await process.wait()
    return process


@pytest.mark.parametrize(('name', 'status'), [('status_node', 1), ('webcam_sender', 0)])
async def test_the_end_of_any_program_is_an_error_but_that_of_the_status(name, status):
    with pytest.raises(ProgramEndedError, match=f'{name} ended with exit status {status}'):
        await first_end([(name, await exited(status))])
    await first_end([('status_node', await exited(0))])


async def test_without_images_it_ends_with_1_and_says_why(start_module):
    status = await start_module(
        'nodes.status_node', '--ros-args', '-p', 'duration:=2.0', '-p', 'topic:=nothing_here'
    )
    assert await status.ended() == 1
    assert 'status_node: no image in 2 s: no receiver node found' in status.output


async def test_a_program_that_ends_early_ends_it_with_1(start_module):
    demo = await start_module(
        'commands.demo', '--port', '0', '--duration', '20', '--source', '/no/such/film.mp4'
    )
    assert await demo.ended(60) == 1
    assert 'source /no/such/film.mp4: no such file' in demo.output
    assert 'webcam_sender ended with exit status 3' in demo.output


async def test_it_shows_images_and_a_signal_ends_everything_it_started(start_module):
    demo = await start_module('commands.demo', '--port', '0', '--source', 'test')
    assert await demo.line(r'/image_raw: 640x480 bgr8, \d+\.\d fps \| capture to', timeout=60)
    assert 'topic: /image_raw' in demo.output
    assert await demo.stop(timeout=30) == 0, demo.output
    assert 'Traceback' not in demo.output
