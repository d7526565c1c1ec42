"""Stamps are the time of capture, by the receiver's clock, whatever the sender's clock says."""

import itertools

import pytest

pytest.importorskip('rclpy', reason='needs rclpy')

from support.ros.images import ImageSubscriber
from support.wall_clock import ProgramClock

MS = 1_000_000


@pytest.fixture
def clock(tmp_path):
    return ProgramClock(tmp_path)


async def start_pair(start_module, server, **environment):
    small = ['--source', 'test', '--width', '320', '--height', '240', '--bitrate', '1000']
    await start_module(
        'commands.webcam', '--server', server.url, '--id', 'front', *small, **environment
    )
    return await start_module(
        'nodes.receiver_node', '--ros-args', '-p', f'server_url:={server.url}',
        '-p', 'sender_id:=front',
    )  # fmt: skip


def errors(subscriber: ImageSubscriber, offset_ns: int = 0) -> list[int]:
    """Return how far each stamp is off the time in its picture, which is `offset_ns` ahead."""
    clocks = [clock for _, _, clock in subscriber.images]
    return [
        abs(stamp - (clock - offset_ns))
        for stamp, clock in zip(subscriber.stamps, clocks, strict=True)
        if clock is not None
    ]


async def test_on_one_machine_a_stamp_is_the_time_of_capture_within_1_ms(start_module, server):
    receiver = await start_pair(start_module, server)
    with ImageSubscriber() as subscriber:
        await receiver.line('image: stamping with capture time')
        await subscriber.wait_for_more(2)
        subscriber.images.clear()
        await subscriber.wait_for_more(60)
        found = errors(subscriber)
        assert len(found) >= 55
        assert max(found) < 1 * MS


@pytest.mark.parametrize('seconds', [3, -3])
async def test_a_sender_whose_clock_is_off_gets_stamps_of_the_receivers_clock(
    start_module, server, clock, seconds
):
    clock.set(seconds)
    await start_pair(start_module, server, **clock.environment)
    with ImageSubscriber() as subscriber:
        await subscriber.wait_for_more(30)  # in which the clocks are compared
        subscriber.images.clear()
        await subscriber.wait_for_more(30)
        found = errors(subscriber, seconds * 1_000_000_000)
        assert len(found) >= 25
        assert max(found) < 500 * MS


async def test_a_jump_of_the_senders_clock_neither_stops_the_video_nor_its_stamps(
    start_module, server, clock
):
    await start_pair(start_module, server, **clock.environment)
    with ImageSubscriber() as subscriber:
        await subscriber.wait_for_more(30)
        for jump in (3600, -3600):
            clock.set(jump)
            await subscriber.wait_for_more(30)
            found = errors(subscriber, jump * 1_000_000_000)[-10:]
            assert max(found) < 100 * MS
        assert subscriber.stamps == sorted(set(subscriber.stamps))
        assert max(b - a for a, b in itertools.pairwise(subscriber.stamps)) < 60_000 * MS
