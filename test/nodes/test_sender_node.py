"""The sender node as a program."""

import pytest
from support.media.raw_images import image_of, wrong_quarters
from support.ros.sending_node import Viewer, picture_of, running
from support.ros.topic_publisher import TopicPublisher


async def test_whole_program_sends_a_topic(start):
    server = await start('-m', 'webrtc_bridge.nodes.signaling_node', '--ros-args', '-p', 'port:=0')
    port = (await server.wait_for_line('serving on')).rpartition(':')[2].strip()
    url = f'ws://127.0.0.1:{port}'
    words = ('--ros-args', '-p', f'server_url:={url}', '-p', 'sender_id:=cam')
    sender = await start('-m', 'webrtc_bridge.nodes.sender_node', *words)
    viewer = Viewer(url, 'cam')
    async with running(viewer.receiver.run()):
        with TopicPublisher() as camera:
            image = image_of('yuv422', (320, 240))
            picture = await picture_of(viewer, lambda stamp: camera.publish(image, stamp))
            assert wrong_quarters(picture, 'yuv422', 12) == {}
    for program in (sender, server):
        assert await program.stop() == 0
        assert not any('Traceback' in line for line in program.lines), program.lines


@pytest.mark.parametrize(
    ('parameters', 'line'),
    [
        (['topic:=9x'], "parameter topic: '9x' given, expected a valid ROS topic name"),
        (['topics:=[a, 9x]'], "parameter topic: '9x' given, expected a valid ROS topic name"),
        (['sender_ids:=[a]'], "parameter sender_ids: ('a',) given, expected topics"),
        (['topics:=[a, b]', 'sender_ids:=[a]'], 'parameter sender_ids: '),
        (['topics:=[a, b]', 'sender_ids:=[a, a]'], 'parameter sender_ids: '),
        (['topics:=[a]', 'sender_ids:=["a b"]'], 'parameter sender_ids: '),
        (['topics:=[a]', 'sender_id:=a'], "parameter sender_id: 'a' given"),
        (['depth_near:=5.0', 'depth_far:=4.0'], 'parameter depth_far: 4.0 given, expected more'),
        (['bitrate:=-5'], 'parameter bitrate: -5 given, expected a whole number'),
        (['topi:=a'], 'parameter topi: unknown, expected topic'),
        (['bitrate:=500', 'min_bitrate:=5000'], 'parameter min_bitrate: 5000 given, expected at'),
    ],
)
async def test_invalid_parameters_are_reported_in_one_line(start, parameters, line):
    words = [word for parameter in parameters for word in ('-p', parameter)]
    program = await start('-m', 'webrtc_bridge.nodes.sender_node', '--ros-args', *words)
    assert await program.ended() == 2, program.lines
    assert program.lines[-1].startswith(f'sender_node: {line}')
