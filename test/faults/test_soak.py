"""Hours of video: the memory, files and threads of a program do not grow."""

import asyncio
import os
import statistics
import time

import pytest

pytest.importorskip('rclpy', reason='needs rclpy')

from support.resources import Resources
from support.ros.images import ImageSubscriber

SECONDS = float(os.environ.get('WEBRTC_BRIDGE_SOAK_SECONDS', '3600'))
SETTLED_AFTER = min(600.0, SECONDS / 3)
'Seconds in which a program may take what it needs.'

INTERVAL = SECONDS / 360
FPS = 30


def median_of(samples: list[Resources]) -> Resources:
    """Return a sample that does not depend on a single moment."""
    return Resources(
        statistics.median(sample.memory for sample in samples),
        statistics.median_low(sample.files for sample in samples),
        statistics.median_low(sample.threads for sample in samples),
    )


@pytest.mark.long
async def test_no_program_grows_with_time(start_module, server):
    small = ['--width', '320', '--height', '240', '--fps', str(FPS)]
    programs = {
        'server': server,
        'sender': await start_module(
            'commands.webcam', '--server', server.url, '--id', 'front', '--source', 'test', *small
        ),
        'receiver': await start_module(
            'nodes.receiver_node', '--ros-args', '-p', f'server_url:={server.url}'
        ),
    }
    samples: dict[str, list[Resources]] = {name: [] for name in programs}
    with ImageSubscriber() as subscriber:
        await subscriber.wait_for_more(FPS)
        started = time.monotonic()
        settled, first = 0, len(subscriber.images)
        while (elapsed := time.monotonic() - started) < SECONDS:
            if not settled and elapsed >= SETTLED_AFTER:
                settled = len(samples['server'])
            for name, program in programs.items():
                samples[name].append(Resources.of(program.process.pid))
            await asyncio.sleep(INTERVAL)
        rate = (len(subscriber.images) - first) / (time.monotonic() - started)
    few = max(1, (len(samples['server']) - settled) // 10)
    before = {name: median_of(found[settled : settled + few]) for name, found in samples.items()}
    after = {name: median_of(found[-few:]) for name, found in samples.items()}
    print(f'{rate:.2f} images a second; before {before}; after {after}')
    for name in programs:
        assert after[name].memory - before[name].memory <= 5, name
        assert abs(after[name].files - before[name].files) <= 2, name
        assert abs(after[name].threads - before[name].threads) <= 2, name
    assert rate >= 0.99 * FPS
