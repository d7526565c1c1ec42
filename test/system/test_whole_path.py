"""Signaling server, webcam sender and receiver node as processes, as users run them."""

import itertools
import signal
import time

import pytest

pytest.importorskip('rclpy', reason='needs rclpy')

from support.peers.senders import skip_unless_installed
from support.programs import start_server
from support.ros.images import ImageSubscriber, wrong_bars
from support.ros.ros_calls import set_parameter

SENDER = ['--id', 'front', '--source', 'test', '--fps', '30']


async def start_sender(start_module, url, *more):
    return await start_module('commands.webcam', '--server', url, *SENDER, *more)


async def start_receiver(start_module, url, *parameters):
    flags = [word for parameter in parameters for word in ('-p', parameter)]
    return await start_module(
        'nodes.receiver_node', '--ros-args', '-p', f'server_url:={url}', *flags
    )


@pytest.mark.parametrize('reliable', [True, False])
async def test_images_arrive_whole_with_right_colours_and_rising_stamps(
    start_module, server, reliable
):
    await start_sender(start_module, server.url, '--width', '1280', '--height', '720')
    await start_receiver(start_module, server.url, 'sender_id:=front', 'frame_id:=lens')
    with ImageSubscriber(reliable=reliable) as subscriber:
        await subscriber.wait_for_more(10)  # the first ones, while x264 fits its rate
        before = len(subscriber.images)
        await subscriber.wait_for_more(30)
        image = subscriber.newest
        assert (image.width, image.height, image.step) == (1280, 720, 3840)
        assert (image.encoding, image.is_bigendian) == ('bgr8', 0)
        assert image.header.frame_id == 'lens'
        assert not wrong_bars(image)
        assert all(a < b for a, b in itertools.pairwise([0, *subscriber.stamps]))
        counted = subscriber.images[before:]
        clocks = [clock for _, _, clock in counted]
        assert None not in clocks
        assert clocks == sorted(set(clocks))


async def test_the_encoding_is_the_one_asked_for(start_module, server):
    await start_sender(start_module, server.url)
    await start_receiver(start_module, server.url, 'encoding:=rgb8')
    with ImageSubscriber() as subscriber:
        await subscriber.wait_for_more(10)
        assert subscriber.newest.encoding == 'rgb8'
        assert not wrong_bars(subscriber.newest)


async def test_parts_may_start_in_any_order(start_module):
    server = await start_server(start_module)
    port = server.port
    await server.kill()
    url = f'ws://127.0.0.1:{port}'
    with ImageSubscriber() as subscriber:
        await start_receiver(start_module, url, 'sender_id:=front')
        sender = await start_sender(start_module, url)
        await sender.line('test pattern')
        await start_server(start_module, port)
        await subscriber.wait_for_more(10)


async def test_a_late_receiver_joins_the_one_encode(start_module, server):
    sender = await start_sender(start_module, server.url)
    await start_receiver(start_module, server.url, 'topic:=first')
    with ImageSubscriber('first') as first:
        await first.wait_for_more(30)
        encoders = [line for line in sender.lines if 'encoding' in line]
        late = await start_receiver(start_module, server.url, 'topic:=second')
        with ImageSubscriber('second') as second:
            await second.wait_for_more(30)
            assert not wrong_bars(second.newest)
            await late.stop()
            await first.wait_for_more(10)
    assert encoders
    assert [line for line in sender.lines if 'encoding' in line] == encoders


async def test_a_restart_of_the_server_is_no_gap_in_the_images(start_module):
    server = await start_server(start_module)
    sender = await start_sender(start_module, server.url)
    receiver = await start_receiver(
        start_module, server.url, 'sender_id:=front', 'receiver_id:=robot'
    )
    with ImageSubscriber() as subscriber:
        await subscriber.wait_for_more(30)
        lines = len(sender.lines), len(receiver.lines)
        await server.kill()
        await subscriber.wait_for_more(30)
        server = await start_server(start_module, server.port)
        await sender.line('sender front: registered', after=lines[0])
        await receiver.line('receiver robot: registered', after=lines[1])
        await subscriber.wait_for_more(30)
        assert sum(line.endswith(' connected') for line in sender.lines) == 1, sender.output
        assert 'front is stale' not in receiver.output


async def test_images_resume_when_the_sender_is_killed_and_started_again(start_module, server):
    sender = await start_sender(start_module, server.url)
    await start_receiver(start_module, server.url, 'sender_id:=front')
    with ImageSubscriber() as subscriber:
        await subscriber.wait_for_more(30)
        await sender.kill()
        sender = await start_sender(start_module, server.url)
        await sender.line('registered')
        await subscriber.wait_for_more(10)
        assert subscriber.stamps == sorted(set(subscriber.stamps))


async def test_a_receiver_that_is_started_again_receives(start_module, server):
    await start_sender(start_module, server.url)
    receiver = await start_receiver(start_module, server.url, 'receiver_id:=robot')
    with ImageSubscriber() as subscriber:
        await subscriber.wait_for_more(10)
        await receiver.kill()
        await start_receiver(start_module, server.url, 'receiver_id:=robot')
        killed = time.monotonic()
        await subscriber.wait_for(lambda s: s.images[-1][0] > killed + 0.5)
        await subscriber.wait_for_more(10)


async def test_nobody_subscribes_nothing_is_published_and_a_first_subscriber_gets_images(
    start_module, server
):
    await start_sender(start_module, server.url)
    receiver = await start_receiver(start_module, server.url)
    await receiver.line('receiving front')
    with ImageSubscriber() as subscriber:
        await subscriber.wait_for_more(10)


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
async def test_every_program_ends_cleanly_on_a_signal(start_module, server, number):
    sender = await start_sender(start_module, server.url)
    receiver = await start_receiver(start_module, server.url)
    await receiver.line('receiving front')
    for program in (receiver, sender, server):
        assert await program.stop(number) == 0, program.output
        assert 'Traceback' not in program.output
        assert 'never retrieved' not in program.output
        assert 'Exception ignored' not in program.output
    # Its bye, by way of the server, or the end of the connection itself: whichever is first.
    assert any('ended: the peer' in line for line in sender.lines), sender.output


async def test_a_receiver_without_a_sender_id_takes_the_first_that_is_there(start_module, server):
    receiver = await start_receiver(start_module, server.url)
    await receiver.line('registered')
    await start_sender(start_module, server.url)
    await receiver.line('receiving front')


async def test_setting_the_parameter_switches_the_camera(start_module, server):
    await start_module(
        'commands.webcam', '--server', server.url, '--id', 'front', '--source', 'test'
    )
    await start_module(
        'commands.webcam',
        '--server',
        server.url,
        '--id',
        'rear',
        '--source',
        'test',
        '--width',
        '320',
        '--height',
        '240',
    )
    await start_receiver(start_module, server.url, 'sender_id:=front')
    with ImageSubscriber() as subscriber:
        await subscriber.wait_for(lambda s: s.images and s.newest.width == 640)
        assert await set_parameter('sender_id', 'rear') == ''
        await subscriber.wait_for(lambda s: s.newest.width == 320)
        await subscriber.wait_for_more(10)
        widths = [image.width for _, image, _ in subscriber.images]
        assert widths == sorted(widths, reverse=True), 'an image of the old after one of the new'
        assert subscriber.stamps == sorted(set(subscriber.stamps))


async def test_a_gstreamer_sender_reaches_the_topic(start_module, server):
    skip_unless_installed('gstreamer')
    sender = await start_module(
        'commands.gstreamer', '--server', server.url, '--id', 'rover', '--source', 'test'
    )
    await sender.line('registered at')
    await start_receiver(start_module, server.url, 'sender_id:=rover')
    with ImageSubscriber() as subscriber:
        await subscriber.wait_for_more(30)
        assert (subscriber.newest.width, subscriber.newest.height) == (640, 480)
        assert subscriber.stamps == sorted(set(subscriber.stamps))
