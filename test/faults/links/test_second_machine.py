"""A sender on another machine, whose network has faults: in a namespace, so it needs root."""

import asyncio
import time

import pytest
from support.links.network_namespace import Robot
from support.peers.watching import Seen, watching
from support.programs import Program, Start

SECRET = 'of-no-use-outside-of-this-test-0123456789'

NEW_SESSION = 10.0
'Seconds to the first picture after the link is back; the deadline of a test is 20.'

MANY_ADDRESSES = 2.0
'Seconds to the first picture of a sender with 40 addresses of which one can be reached.'

WEBCAM_OR_LONG = pytest.mark.parametrize(
    'kind', ['webcam', pytest.param('gstreamer', marks=pytest.mark.long)]
)


@pytest.fixture
async def port(start_module: Start, monkeypatch: pytest.MonkeyPatch) -> int:
    """Return the port of a signaling server that both machines can reach."""
    monkeypatch.setenv('WEBRTC_BRIDGE_SECRET', SECRET)
    monkeypatch.setenv('WEBRTC_BRIDGE_TOKEN', SECRET)
    server = await start_module('commands.signaling', '--host', '0.0.0.0', '--port', '0')
    return int((await server.line(r'serving on 0\.0\.0\.0:(\d+)'))[1])


async def start_sender(robot: Robot, port: int, kind: str) -> Program:
    arguments = ['--server', f'ws://{robot.here}:{port}', '--id', 'front', '--source', 'test']
    return await robot.start_module(f'commands.{kind}', *arguments)


def server_url(port: int) -> str:
    return f'ws://127.0.0.1:{port}'


async def outage(robot: Robot, seen: Seen, seconds: float) -> float:
    """Unplug the robot for `seconds`; return the seconds to the first picture after that."""
    robot.unplug()
    await asyncio.sleep(seconds)
    robot.plug_in()
    back = time.monotonic()
    first = await seen.first_after(back)
    await seen.wait_for_more(30)
    return first - back


async def test_the_video_is_back_soon_after_the_link(
    robot: Robot, port: int, caplog: pytest.LogCaptureFixture
) -> None:
    robot.plug_in()
    sender = await start_sender(robot, port, 'webcam')
    async with watching(server_url(port), 'front') as seen:
        await seen.wait_for_more(30)
        await outage(robot, seen, 1.0)
        if 'front is stale' not in caplog.text:
            assert sum(line.endswith(' connected') for line in sender.lines) == 1
        assert await outage(robot, seen, 3.0) < NEW_SESSION


@pytest.mark.long
@pytest.mark.parametrize('seconds', [20.0, 36.0])
@pytest.mark.parametrize('kind', ['webcam', 'gstreamer'])
async def test_a_long_outage_ends_with_a_new_session(
    robot: Robot, port: int, kind: str, seconds: float
) -> None:
    robot.plug_in()
    await start_sender(robot, port, kind)
    async with watching(server_url(port), 'front') as seen:
        await seen.wait_for_more(30)
        assert await outage(robot, seen, seconds) < NEW_SESSION


@WEBCAM_OR_LONG
async def test_another_address_is_another_session(robot: Robot, port: int, kind: str) -> None:
    robot.plug_in()
    sender = await start_sender(robot, port, kind)
    async with watching(server_url(port), 'front') as seen:
        await seen.wait_for_more(30)
        robot.delete_address(robot.there)
        robot.add_address(robot.other)
        changed = time.monotonic()
        await sender.line('address of this machine has changed')
        await sender.line('session with .* connected', after=len(sender.lines))
        first = await seen.first_after(time.monotonic())
        assert first - changed < NEW_SESSION
        await seen.wait_for_more(30)


@WEBCAM_OR_LONG
async def test_a_cable_between_link_local_addresses_is_enough(
    robot: Robot, start_module: Start, kind: str
) -> None:
    here = robot.keep_link_local_alone()
    arguments = ['--host', '::', '--port', '0', '--allow-anonymous']
    server = await start_module('commands.signaling', *arguments)
    port = int((await server.line(r'serving on \[::\]:(\d+)'))[1])
    url = f'ws://[{here}%eth0]:{port}'
    camera = ('--id', 'front', '--source', 'test')
    sender = await robot.start_module(f'commands.{kind}', '--server', url, *camera)
    await sender.line('sender front: registered')
    # A program, since other tests in this process may have made aioice see loopback alone.
    doctor = await start_module('commands.doctor', '--server', f'ws://[::1]:{port}')
    await doctor.line(r'ok +session: front: H264 640x480')


@pytest.mark.parametrize('seconds', [3.0, pytest.param(20.0, marks=pytest.mark.long)])
async def test_a_sender_without_a_network_waits_for_one(
    robot: Robot, port: int, seconds: float
) -> None:
    sender = await start_sender(robot, port, 'webcam')
    await sender.line('no network interface leads there')
    async with watching(server_url(port), 'front') as seen:
        await asyncio.sleep(seconds)
        robot.plug_in()
        plugged_in = time.monotonic()
        assert await seen.first_after(plugged_in) - plugged_in < NEW_SESSION
    assert sender.output.count('no network interface leads there') == 1


@WEBCAM_OR_LONG
async def test_small_packets_alone_pass(robot: Robot, port: int, kind: str) -> None:
    """The kernel sends larger packets in fragments."""
    robot.set_mtu(900)
    robot.plug_in()
    await start_sender(robot, port, kind)
    async with watching(server_url(port), 'front') as seen:
        await seen.wait_for_more(1)
        path = await seen.path()
        await seen.wait_for_more(30)
        assert await seen.path() == path, 'another session'


@WEBCAM_OR_LONG
async def test_of_forty_addresses_the_one_that_works_is_found(
    robot: Robot, port: int, kind: str
) -> None:
    """A host of containers; the address that works is the last of them."""
    for number in range(39):
        robot.inside('ip', 'address', 'add', f'10.200.{number}.1/32', 'dev', 'lo')
    robot.plug_in()
    sender = await start_sender(robot, port, kind)
    await sender.line('registered')
    async with watching(server_url(port), 'front') as seen:
        started = time.monotonic()
        assert await seen.first_after(started) - started < MANY_ADDRESSES
    assert 'refused' not in sender.output
