"""Several cameras: lists, switches that are refused, and one node that follows two."""

import itertools

import pytest

pytest.importorskip('rclpy', reason='needs rclpy')

from support.ros.images import ImageSubscriber
from support.ros.ros_calls import diagnostics, get_parameter, set_parameter, trigger
from websockets.asyncio.client import connect

SMALL = ['--source', 'test', '--width', '320', '--height', '240']


async def start_camera(start_module, server, sender_id, *more):
    return await start_module('commands.webcam', '--server', server.url, '--id', sender_id, *more)


async def start_receiver(start_module, server, *parameters):
    flags = [word for parameter in parameters for word in ('-p', parameter)]
    return await start_module(
        'nodes.receiver_node', '--ros-args', '-p', f'server_url:={server.url}', *flags
    )


async def test_an_id_that_is_not_there_is_refused_with_those_that_are(start_module, server):
    await start_camera(start_module, server, 'front', '--name', 'Front camera', *SMALL)
    await start_camera(start_module, server, 'rear', *SMALL)
    receiver = await start_receiver(start_module, server, 'sender_id:=front')
    await receiver.line('sender rear is available')
    listed = await trigger('/webrtc_receiver/list_senders')
    assert (listed.success, listed.message) == (True, 'front: Front camera\nrear')
    reason = await set_parameter('sender_id', 'side')
    assert reason == "sender_id: 'side' given, expected a registered sender (front, rear)"
    assert await get_parameter('sender_id') == 'front'


async def test_one_node_follows_two_cameras(start_module, server):
    await start_camera(start_module, server, 'front', *SMALL)
    await start_camera(start_module, server, 'rear-2', '--source', 'test')
    await start_receiver(start_module, server, 'sender_ids:=[front, rear-2]')
    with ImageSubscriber('front/image_raw') as front, ImageSubscriber('rear_2/image_raw') as rear:
        await front.wait_for_more(20)
        await rear.wait_for_more(20)
        assert (front.newest.width, rear.newest.width) == (320, 640)
        assert front.newest.header.frame_id == 'front_camera_optical_frame'
        assert rear.newest.header.frame_id == 'rear_2_camera_optical_frame'


async def test_diagnostics_tell_how_a_stream_does(start_module, server):
    await start_receiver(start_module, server, 'sender_id:=front')
    waiting = await diagnostics('waiting')
    assert waiting['front']['level'] == '1'
    camera = await start_camera(start_module, server, 'front', *SMALL)
    with ImageSubscriber() as subscriber:
        await subscriber.wait_for_more(60)
        found = (await diagnostics('receiving'))['front']
        assert (found['level'], found['codec'], found['resolution']) == ('0', 'H264', '320x240')
        assert float(found['fps']) > 0
        assert float(found['latency_p50_ms']) > 0
    await camera.kill()
    stale = (await diagnostics('stale'))['front']
    assert stale['message'] == 'no frames arriving'


@pytest.mark.long
async def test_one_that_is_there_but_shows_nothing_sets_the_parameter_back(start_module, server):
    await start_camera(start_module, server, 'front', *SMALL)
    receiver = await start_receiver(start_module, server, 'sender_id:=front')
    async with connect(f'{server.url}/sender?id=dead'):
        with ImageSubscriber() as subscriber:
            await receiver.line('sender dead is available')
            await subscriber.wait_for_more(10)
            before = len(subscriber.images)
            assert await set_parameter('sender_id', 'dead') == ''
            await receiver.line('no picture from dead within 10 s; staying on front')
            await subscriber.wait_for_more(10)
            assert await get_parameter('sender_id') == 'front'
            # A gap would last until the switch is given up, after 10 s.
            arrivals = [arrival for arrival, _, _ in subscriber.images[before:]]
            assert max(b - a for a, b in itertools.pairwise(arrivals)) < 5
