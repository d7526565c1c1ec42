import asyncio
import signal

import pytest
from rcl_interfaces.msg import Parameter as ParameterMessage
from rcl_interfaces.msg import ParameterType, ParameterValue
from rcl_interfaces.srv import SetParameters
from sensor_msgs.msg import Image

from webrtc_bridge.nodes.ros.ros_thread import while_spinning

NODE = ('-m', 'webrtc_bridge.nodes.receiver_node')
NO_SERVER = 'server_url:=ws://127.0.0.1:9'

WITHOUT_RCLPY = """
import sys
sys.modules['rclpy'] = None
from webrtc_bridge.nodes.receiver_node import main
sys.exit(main([]))
"""


def with_parameters(*parameters: str, node: str = 'receiver_node') -> list[str]:
    words = [word for one in parameters for word in ('-p', one)]
    return ['-m', f'webrtc_bridge.nodes.{node}', '--ros-args', *words]


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM])
async def test_a_missing_server_is_logged_once_and_a_signal_ends_it_with_status_0(start, number):
    program = await start(*with_parameters(NO_SERVER))
    await program.wait_for_line('not reachable')
    assert await program.stop(number) == 0
    assert sum('not reachable' in line for line in program.lines) == 1
    assert not any('Traceback' in line for line in program.lines)


@pytest.mark.parametrize(
    ('parameter', 'line'),
    [
        ('sender_idd:=front', 'parameter sender_idd: unknown, expected sender_id'),
        ('sender_id:=5', 'parameter sender_id: 5 given, expected 1 to 64 letters'),
        (
            'encoding:=yuv',
            "parameter encoding: 'yuv' given, expected one of bgr8, rgb8, mono8, nv12",
        ),
        ('topic:=9x', "parameter topic: '9x' given, expected a valid ROS topic name"),
        ('server_url:=http://host', "parameter server_url: 'http://host' given, expected ws://"),
        ('server_url:=ws://host:port', "parameter server_url: 'ws://host:port' given, expected"),
        ('qos_overrides./image_raw.publisher.dept:=1', 'parameter qos_overrides./image_raw.'),
    ],
)
async def test_an_invalid_parameter_is_reported_in_one_line_with_status_2(start, parameter, line):
    program = await start(*with_parameters(parameter))
    assert await program.ended() == 2, program.lines
    assert program.lines[-1].startswith(f'receiver_node: {line}')
    assert not any('Traceback' in line for line in program.lines)


async def test_credentials_in_an_invalid_url_are_not_shown(start):
    program = await start(*with_parameters('server_url:=http://user:secret@host/'))
    assert await program.ended() == 2, program.lines
    assert 'secret' not in '\n'.join(program.lines)
    assert "server_url: 'http://host/' given" in program.lines[-1]


async def test_an_unknown_flag_is_refused_with_status_2(start):
    program = await start(*NODE, '--sender-id', 'front')
    assert await program.ended() == 2, program.lines
    assert 'unrecognized arguments: --sender-id front' in program.lines[-1]


async def test_the_version_is_printed_without_starting_ros(start):
    program = await start(*NODE, '--version')
    assert await program.ended() == 0
    assert len(program.lines) == 1


async def test_a_missing_rclpy_is_reported_in_one_line_with_status_3(start):
    program = await start('-c', WITHOUT_RCLPY)
    assert await program.ended() == 3, program.lines
    (line,) = program.lines
    assert line.startswith('receiver_node: rclpy ')


async def test_images_arrive_and_a_parameter_switches_to_another_sender(start, make_node):
    server = await start(*with_parameters('port:=0', node='signaling_node'))
    port = (await server.wait_for_line('serving on')).rpartition(':')[2].strip()
    url = f'ws://127.0.0.1:{port}'
    receiver = await start(
        *with_parameters(f'server_url:={url}', 'sender_id:=front', 'encoding:=rgb8')
    )
    senders = [
        await start(
            *('-m', 'webrtc_bridge.commands.webcam', '--server', url, '--id', name),
            *('--source', 'test', '--width', width, '--height', '240'),
        )
        for name, width in (('front', '320'), ('rear', '424'))
    ]
    node = make_node('subscribes')
    images: asyncio.Queue[Image] = asyncio.Queue()
    loop = asyncio.get_running_loop()
    node.create_subscription(
        Image, 'image_raw', lambda image: loop.call_soon_threadsafe(images.put_nowait, image), 10
    )
    client = node.create_client(SetParameters, '/webrtc_receiver/set_parameters')

    async def follow(sender_id: str) -> tuple[bool, str]:
        value = ParameterValue(type=ParameterType.PARAMETER_STRING, string_value=sender_id)
        request = SetParameters.Request(
            parameters=[ParameterMessage(name='sender_id', value=value)]
        )
        assert await asyncio.to_thread(client.wait_for_service, 10)
        replied = asyncio.Event()
        reply = client.call_async(request)
        reply.add_done_callback(lambda _: loop.call_soon_threadsafe(replied.set))
        await asyncio.wait_for(replied.wait(), 10)
        (result,) = reply.result().results
        return result.successful, result.reason

    async def image_of_width(width: int) -> Image:
        while (image := await asyncio.wait_for(images.get(), 20)).width != width:
            stamps.append((image.header.stamp.sec, image.header.stamp.nanosec))
        return image

    stamps: list[tuple[int, int]] = []

    async def work() -> None:
        image = await image_of_width(320)
        assert (image.height, image.encoding, image.step) == (240, 'rgb8', 3 * 320)
        assert len(image.data) == 3 * 320 * 240
        refused, reason = await follow('not an id')
        assert not refused
        assert 'expected 1 to 64 letters' in reason
        assert await follow('rear') == (True, '')
        assert (await image_of_width(424)).step == 3 * 424
        for _ in range(30):
            image = await asyncio.wait_for(images.get(), 20)
            stamps.append((image.header.stamp.sec, image.header.stamp.nanosec))

    await while_spinning(node, work())
    assert stamps == sorted(set(stamps))
    assert stamps[0][0] > 1_500_000_000
    for program in (receiver, *senders, server):
        assert await program.stop() == 0
        assert not any('Traceback' in line for line in program.lines), program.lines
