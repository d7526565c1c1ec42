"""
Random faults, one or two at once, on a server with TLS and tokens, three senders, four receivers.

The seed is printed; WEBRTC_BRIDGE_CHAOS_SEED replays its faults, WEBRTC_BRIDGE_CHAOS_SECONDS
changes how long it takes.
"""

import asyncio
import calendar
import contextlib
import functools
import os
import random
import socket
import ssl
import subprocess
import time

import pytest

pytest.importorskip('rclpy', reason='needs rclpy')

from support.chaos.faults import RECOVERY, Means, at_random
from support.chaos.fleet import (
    Fleet,
    Member,
    Receiving,
    pictures_of_page,
    pictures_of_program,
    pictures_of_topic,
)
from support.chaos.trust import YEARS, Trust
from support.links.signaling_proxy import relayed_signaling
from support.media.raw_images import image_of
from support.peers.senders import skip_unless_installed
from support.programs import SUPPORT, start_server
from support.ros.images import ImageSubscriber
from support.ros.topic_publisher import TopicPublisher
from support.wall_clock import ShimmedClock

from webrtc_bridge.signaling.server import self_signed as self_signed_module

SECONDS = float(os.environ.get('WEBRTC_BRIDGE_CHAOS_SECONDS', '900'))
SEED = int(os.environ.get('WEBRTC_BRIDGE_CHAOS_SEED') or random.SystemRandom().randrange(1 << 32))
FPS = 15
SMALL = ['--source', 'test', '--width', '320', '--height', '240', '--fps', str(FPS)]
FIRST_PICTURES = 30.0
START = 60.0
'Seconds in which a program starts, next to others that do.'
DISK_SIZE = '64k'
LAST_LINES = 30


@pytest.fixture
def disk(tmp_path):
    """Return the folder of a disk that is soon full."""
    if os.getuid():
        pytest.skip('needs root, to mount a small disk')
    folder = tmp_path / 'disk'
    folder.mkdir()
    mount = ['mount', '-t', 'tmpfs', '-o', f'size={DISK_SIZE}', 'tmpfs', str(folder)]
    subprocess.run(mount, check=True)
    yield folder
    subprocess.run(['umount', '--lazy', str(folder)], check=True)


@pytest.fixture
def publishing():
    """Return an asynchronous context in which a camera driver publishes."""

    @contextlib.asynccontextmanager
    async def publish():
        image = image_of('bgr8', (320, 240))
        with TopicPublisher('robot/image_raw') as publisher:

            async def run():
                while True:
                    publisher.publish(image, time.time_ns())
                    await asyncio.sleep(1 / FPS)

            running = asyncio.ensure_future(run())
            try:
                yield
            finally:
                running.cancel()

    return publish


@pytest.fixture
def trust(tmp_path, monkeypatch):
    """Return what a server needs, and its clients, whatever year their clocks show."""
    monkeypatch.setattr(self_signed_module, 'BACKDATED', YEARS)
    folder = tmp_path / 'trust'
    folder.mkdir()
    return Trust(folder)


@pytest.fixture
async def fleet(request, start, start_module, browser, publishing, disk, tmp_path, trust):
    """Start all of them; a parameter is the year that their clocks show."""
    skip_unless_installed('gstreamer')
    with socket.socket() as probe:
        probe.bind(('127.0.0.1', 0))
        port = probe.getsockname()[1]
    url = f'wss://127.0.0.1:{port}'
    tls = ssl.create_default_context(cafile=trust.ca)
    publisher, viewer = trust.token('camera', view=False), trust.token('viewer', publish=False)
    visitor = trust.visitor(viewer)
    async with relayed_signaling(url, tls) as (relayed_url, relay), publishing():

        async def serve(**variables):
            flags = trust.of_server
            return await start_server(start_module, port, *flags, scheme='wss', **variables)

        async def sender(module, *words, **variables):
            program = await start_module(module, *words, **variables)
            await program.line('registered', timeout=START)
            return program

        def program_of(kind, sender_id):
            access = ['--server', url, '--ca', str(trust.ca), '--token-file', publisher]
            words = [*access, '--id', sender_id, *SMALL]
            return functools.partial(sender, f'commands.{kind}', *words)

        def node_of(kind, token, *parameters):
            access = [f'server_url:={url}', f'ca_file:={trust.ca}', f'token_file:={token}']
            values = [*access, 'sender_id:=robot', *parameters]
            words = ['--ros-args', *(word for value in values for word in ('-p', value))]
            return functools.partial(sender, f'nodes.{kind}_node', *words)

        async def view(at, sender_id, **variables):
            viewing = str(SUPPORT / 'peers/viewing.py')
            access = visitor if at == url else visitor | {'SERVER_CA': ''}
            program = await start(viewing, at, sender_id, '1', **access, **variables)
            await pictures_of_program(program)
            return program

        def member(name, start_it, *, ours=True):
            clock = ShimmedClock(tmp_path / name)
            if year := getattr(request, 'param', None):
                clock.set(calendar.timegm((year, 1, 2, 0, 0, 0)) - time.time())
            return Member(name, clock, start_it, ours=ours)

        calibration = f'camera_info_url:=file://{disk}/robot.yaml'
        members = [
            member('server', serve),
            member('webcam_sender', program_of('webcam', 'front')),
            member('gstreamer_sender', program_of('gstreamer', 'rear')),
            member('sender_node', node_of('sender', publisher, 'topic:=robot/image_raw')),
            member('receiver_node', node_of('receiver', viewer, calibration)),
            member('relayed', functools.partial(view, relayed_url, 'front'), ours=False),
            member('direct', functools.partial(view, url, 'rear'), ours=False),
        ]
        for member in members:
            await member.run()
        by_name = {member.name: member for member in members}
        page = await browser.page('data:,')
        await page.call('Security.setIgnoreCertificateErrors', ignore=True)
        token = visitor['WEBRTC_BRIDGE_TOKEN']
        await page.open(f'https://127.0.0.1:{port}/?sender=rear#token={token}')
        with ImageSubscriber() as subscriber:
            receiving = [
                Receiving('relayed', lambda: pictures_of_program(by_name['relayed'].program)),
                Receiving('direct', lambda: pictures_of_program(by_name['direct'].program)),
                Receiving('topic', lambda: pictures_of_topic(subscriber)),
                Receiving('page', lambda: pictures_of_page(page, 'rear')),
            ]
            # A stranger of the tests may do anything, to sessions of its own.
            stranger = trust.visitor(trust.token('stranger'))
            yield Fleet(by_name, receiving, relay, url, stranger)
        for member in members:
            print(f'{member.name}:', *member.program.lines[-LAST_LINES:], sep='\n  ')


@pytest.mark.long
@pytest.mark.timeout(2 * SECONDS + 120)
async def test_every_picture_comes_back_whatever_happens(fleet, start, disk):
    print(f'WEBRTC_BRIDGE_CHAOS_SEED={SEED}')
    means = Means(random.Random(SEED), start, disk)
    await fleet.check(FIRST_PICTURES)
    end = time.monotonic() + SECONDS
    while time.monotonic() < end:
        what, deadline = await at_random(fleet, means)
        print(f'{what}; ', end='', flush=True)
        took = await fleet.check(deadline)
        print(f'all pictures are back after {took:.2f} s of {deadline} s', flush=True)


@pytest.mark.long
@pytest.mark.parametrize('fleet', [1970, 2037], indirect=True)
async def test_a_machine_may_start_in_another_year(fleet):
    """A board without a battery for its clock starts in 1970, until NTP sets it."""
    await fleet.check(FIRST_PICTURES)
    for member in fleet.members.values():
        member.clock.set(0.0)
        await fleet.check(RECOVERY)
