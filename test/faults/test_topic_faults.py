"""Topics whose publisher or subscriber misbehaves."""

import asyncio
import itertools
import re
import statistics
import time

import pytest

pytest.importorskip('rclpy', reason='needs rclpy')

from support.media.raw_images import image_of
from support.peers.session_pair import until
from support.peers.watching import watching
from support.programs import SUPPORT
from support.resources import Resources
from support.ros.images import ImageSubscriber
from support.ros.topic_publisher import TopicPublisher

PAUSE = 0.2
TWO_FRAMES_MS = 2 * 1000 / 30
SECOND = 1_000_000_000
JUMP = 8
'Seconds; beyond 10 a time of capture is implausible.'


@pytest.mark.long
async def test_a_slow_subscriber_gets_the_newest_image_and_delays_no_other(
    start, start_module, server
):
    size = ['--width', '640', '--height', '480', '--fps', '30']
    await start_module('commands.webcam', '--server', server.url, '--source', 'test', *size)
    receiver = await start_module(
        'nodes.receiver_node', '--ros-args', '-p', f'server_url:={server.url}'
    )
    slow = await start(str(SUPPORT / 'ros/slow_subscriber.py'), str(PAUSE))
    with ImageSubscriber() as subscriber:
        await slow.line('age: ')
        await subscriber.wait_for_more(60)
        memory = Resources.of(receiver.process.pid).memory
        first, printed = len(subscriber.images), len(slow.lines)
        await subscriber.wait_for_more(200)
        grown = Resources.of(receiver.process.pid).memory - memory
        started, end = subscriber.images[first][0], subscriber.images[-1][0]
        rate = (len(subscriber.images) - 1 - first) / (end - started)
        await until(lambda: len(slow.lines) > printed + 20)
        ages = [int(line.split()[1]) for line in slow.lines[printed:]]
        behind = statistics.quantiles(ages, n=10)[-1]
        print(f'{behind:.0f} ms old, {grown:.1f} MiB more, others get {rate:.1f} images a second')
        assert behind <= TWO_FRAMES_MS + 100
        assert grown <= 20
        assert rate >= 25


async def test_stamps_that_jump_end_no_stream(start_module, server, caplog):
    """Set a clock, and play a ten days old bag in a loop."""
    caplog.set_level('INFO')
    words = ['--ros-args', '-p', f'server_url:={server.url}', '-p', 'sender_id:=front']
    await start_module('nodes.sender_node', *words)
    image = image_of('bgr8', (320, 240))
    async with watching(server.url, 'front') as seen:
        with TopicPublisher() as publisher:

            async def play(offset: float) -> None:
                """Publish until the receiver has shown more than what was on the way."""
                goal = len(seen.times) + 10
                async with asyncio.timeout(20):
                    while len(seen.times) < goal:
                        publisher.publish(image, time.time_ns() + int(offset * SECOND))
                        await asyncio.sleep(1 / 30)

            for offset in (0, -JUMP, 3600, 0, -10 * 86400, -10 * 86400 - JUMP, 0):
                started = time.monotonic()
                await play(offset)
                # Waiting for stamps to rise again would take as long as the jump.
                assert seen.longest_gap(started) < JUMP
            assert all(a < b for a, b in itertools.pairwise(seen.stamps))
            assert 'stamps stand still' in caplog.text
            assert re.search(r'implausible, 3[56]\d\d\.\d+ s after', caplog.text)
            assert re.search(r'implausible, 864\d\d\d\.\d+ s before', caplog.text)
