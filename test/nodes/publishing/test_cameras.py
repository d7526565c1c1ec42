import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from rclpy.parameter import Parameter

from webrtc_bridge.errors import OptionError
from webrtc_bridge.nodes.publishing.cameras import Cameras, each_camera
from webrtc_bridge.nodes.ros.parameters import Parameters
from webrtc_bridge.nodes.ros.ros_names import ros_name
from webrtc_bridge.options import ReceiverOptions


@pytest.mark.parametrize(
    ('sender_id', 'name'),
    [
        ('front', 'front'),
        ('rear-2', 'rear_2'),
        ('a.b..c', 'a_b_c'),
        ('7up', 'camera_7up'),
        ('--', 'camera'),
        ('_x_', 'x'),
    ],
)
def test_an_id_becomes_a_name_that_ros_takes(sender_id: str, name: str) -> None:
    assert ros_name(sender_id) == name


def test_one_camera_has_the_options_as_they_are() -> None:
    options = ReceiverOptions(sender_id='front')
    assert each_camera(options) == [options]


def test_several_cameras_have_topics_and_frames_of_their_own() -> None:
    front, rear = each_camera(ReceiverOptions(sender_ids=('front', 'rear-2'), topic='image'))
    assert (front.sender_id, front.topic) == ('front', 'front/image')
    assert (rear.sender_id, rear.topic) == ('rear-2', 'rear_2/image')
    assert front.frame_id == 'front_camera_optical_frame'


@pytest.mark.parametrize('ids', [('a', 'a'), ('a-b', 'a.b'), ('a b',), ('',)])
def test_ids_that_cannot_be_distinguished_are_refused(ids: tuple[str, ...]) -> None:
    with pytest.raises(OptionError, match='sender_ids'):
        each_camera(ReceiverOptions(sender_ids=ids))


def test_one_sender_and_several_at_once_are_refused() -> None:
    with pytest.raises(OptionError, match=r"^sender_id: 'a' given, expected sender_ids or"):
        each_camera(ReceiverOptions(sender_id='a', sender_ids=('a', 'b')))


def test_a_frame_with_the_name_of_the_camera_in_it_has_no_prefix() -> None:
    (front,) = each_camera(ReceiverOptions(sender_ids=('front',), frame_id='${NAME}/lens'))
    assert front.frame_id == '${NAME}/lens'


async def test_with_several_senders_there_is_no_switch(make_node: Callable[..., Any]) -> None:
    node = make_node('a_node', 'sender_ids:=[front, rear]')
    Cameras(node, Parameters(node, ReceiverOptions))
    (result,) = await asyncio.to_thread(
        node.set_parameters, [Parameter('sender_id', value='rear')]
    )
    assert not result.successful
    assert result.reason == (
        "sender_id: 'rear' given, expected no change, because sender_ids is in use"
    )
