import asyncio
import threading

import av
import pytest
from rclpy.qos import (
    DurabilityPolicy,
    HistoryPolicy,
    QoSProfile,
    ReliabilityPolicy,
    qos_profile_sensor_data,
)
from sensor_msgs.msg import Image
from std_msgs.msg import Header
from support.programs import SUPPORT

from webrtc_bridge.errors import OptionError
from webrtc_bridge.nodes.publishing.image_publisher import ImagePublisher
from webrtc_bridge.nodes.ros.parameters import Parameters
from webrtc_bridge.nodes.ros.ros_thread import while_spinning
from webrtc_bridge.options import ReceiverOptions

HEADER = Header(frame_id='lens')


def picture() -> av.VideoFrame:
    return av.VideoFrame(64, 48, 'yuv420p')


def publisher_for(node, parameters=None) -> ImagePublisher:
    return ImagePublisher(node, (parameters or Parameters(node, ReceiverOptions)).options)


def qos_of(node, topic: str = '/image_raw') -> QoSProfile:
    (info,) = node.get_publishers_info_by_topic(topic)
    return info.qos_profile


def test_by_default_images_are_reliable_and_volatile(make_node):
    node = make_node()
    publisher = publisher_for(node)
    assert qos_of(node).reliability == ReliabilityPolicy.RELIABLE
    assert qos_of(node).durability == DurabilityPolicy.VOLATILE
    assert publisher._raw._publisher.qos_profile.depth == 5
    assert publisher._raw._publisher.qos_profile.history == HistoryPolicy.KEEP_LAST


def test_qos_overrides_are_used_and_show_as_parameters(make_node):
    prefix = 'qos_overrides./image_raw.publisher.'
    node = make_node(
        'a_node',
        f'{prefix}reliability:=best_effort',
        f'{prefix}durability:=transient_local',
        f'{prefix}depth:=2',
    )
    parameters = Parameters(node, ReceiverOptions)
    publisher = publisher_for(node, parameters)
    parameters.refuse_unknown(publisher.parameters)
    assert qos_of(node).reliability == ReliabilityPolicy.BEST_EFFORT
    assert qos_of(node).durability == DurabilityPolicy.TRANSIENT_LOCAL
    assert publisher._raw._publisher.qos_profile.depth == 2
    assert node.get_parameter(f'{prefix}history').value == 'keep_last'
    assert node.describe_parameter(f'{prefix}depth').read_only


@pytest.mark.parametrize('override', ['depth:=0', 'depth:=many', 'reliability:=perhaps'])
def test_an_invalid_qos_override_is_refused_by_name(make_node, override):
    name, _, _ = override.partition(':=')
    node = make_node('a_node', f'qos_overrides./image_raw.publisher.{override}')
    with pytest.raises(OptionError, match=f'qos_overrides./image_raw.publisher.{name}: .* given'):
        publisher_for(node)


def test_the_topic_may_be_another_one_and_its_qos_overrides_follow(make_node):
    name = 'qos_overrides./front/image.publisher.depth'
    node = make_node('a_node', 'topic:=front/image', f'{name}:=1')
    assert name in publisher_for(node).parameters
    assert qos_of(node, '/front/image').reliability == ReliabilityPolicy.RELIABLE


@pytest.mark.parametrize('topic', ['9x', 'a b', "''", 'a//b', 'a/'])
def test_a_topic_that_ros_does_not_allow_is_refused(make_node, topic):
    node = make_node('a_node', f'topic:={topic}')
    with pytest.raises(OptionError, match=r'^topic: .* given, expected'):
        publisher_for(node)


@pytest.mark.parametrize('profile', [10, qos_profile_sensor_data])
async def test_an_image_reaches_reliable_and_best_effort_subscribers(make_node, profile):
    node = make_node()
    publisher = publisher_for(node)
    received = threading.Event()
    messages: list[Image] = []

    def on_image(message: Image) -> None:
        messages.append(message)
        received.set()

    subscription = node.create_subscription(Image, 'image_raw', on_image, profile)

    async def work() -> None:
        for _ in range(200):
            publisher.publish(picture(), HEADER)
            if await asyncio.to_thread(received.wait, 0.05):
                return

    await while_spinning(node, work())
    assert messages[0].header == HEADER
    assert (messages[0].width, messages[0].height, messages[0].encoding) == (64, 48, 'bgr8')
    node.destroy_subscription(subscription)


def test_nothing_is_converted_while_nobody_subscribes(make_node):
    publisher = publisher_for(make_node())
    not_a_picture = None
    publisher.publish(not_a_picture, HEADER)


def test_after_close_a_late_picture_is_dropped_even_when_the_node_is_gone(make_node):
    node = make_node()
    publisher = publisher_for(node)
    publisher.close()
    publisher.close()
    node.destroy_node()
    publisher.publish(picture(), HEADER)


@pytest.mark.parametrize('reliability', ['reliable', 'best_effort'])
@pytest.mark.parametrize(('width', 'height'), [(1280, 720), (1920, 1080)])
async def test_large_images_arrive_at_an_ordinary_subscriber_in_another_process(
    start, width, height, reliability
):
    count = 60
    source = await start(str(SUPPORT / 'ros/publish_images.py'), str(width), str(height))
    await source.wait_for_line('ready')
    subscriber = await start(str(SUPPORT / 'ros/count_images.py'), reliability, str(count))
    await subscriber.wait_for_line('matched')
    source.process.stdin.write(b'go\n')
    line = await subscriber.wait_for_line('received')
    received, size = line.split(maxsplit=2)[1:]
    # Of those that nobody acknowledges, a busy machine may drop some; DDS's own profile, most.
    assert int(received) >= (count if reliability == 'reliable' else count / 2)
    assert size == f'({width}, {height}, {width * height * 3})'
    source.process.stdin.write(b'end\n')
    assert await source.ended() == 0
    assert await subscriber.ended() == 0
