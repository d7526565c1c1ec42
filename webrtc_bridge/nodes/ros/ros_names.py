"""
Names of the topics and services that go with an image topic, and of cameras in ROS.

As in image_transport: `cam/image_raw` has `cam/image_raw/compressed` and `cam/camera_info`. If the
image topic is remapped, the others follow it, unless they are remapped themselves.
"""

import re
from collections.abc import Callable
from typing import TYPE_CHECKING

from webrtc_bridge.errors import OptionError
from webrtc_bridge.options import PEER_ID, PEER_ID_RULE

if TYPE_CHECKING:
    from rclpy.node import Node  # not at run time: launch files use this module, too

NAME = '${NAME}'
'Placeholder for the name of the camera in a frame or URL, as in camera_info_manager.'


def ros_name(sender_id: str) -> str:
    """
    Return `sender_id` as a part of a ROS name: letters, digits and underscores.

    Raises: OptionError.
    """
    if not PEER_ID.fullmatch(sender_id):
        raise OptionError('sender_ids', sender_id, f'{PEER_ID_RULE["expected"]} each')
    name = re.sub('[^A-Za-z0-9]+', '_', sender_id).strip('_')
    return name if name[:1].isalpha() else f'camera_{name}'.rstrip('_')


def camera_name(sender_id: str) -> str:
    """Return the name in ROS of the camera that is sent as `sender_id`; a usual one if unknown."""
    return ros_name(sender_id) if sender_id else 'camera'


def with_name(text: str, sender_id: str) -> str:
    """Return `text`, such as a frame or a URL, with the name of the sender's camera in it."""
    return text.replace(NAME, camera_name(sender_id)) if NAME in text else text


def resolve_image_topic(node: 'Node', topic: str) -> str:
    """
    Return the full name of the image topic `topic`, remapped.

    Raises: OptionError.
    """
    return _resolve(node.resolve_topic_name, topic)


def transport_topic(node: 'Node', topic: str, transport: str) -> str:
    """
    Return the full name of the topic for `transport`, such as compressed, below image `topic`.

    Raises: OptionError.
    """
    return _follow(
        node.resolve_topic_name,
        f'{topic}/{transport}',
        f'{resolve_image_topic(node, topic)}/{transport}',
    )


def sibling_topic(node: 'Node', topic: str, name: str) -> str:
    """
    Return the full name of the topic `name` in the namespace of image topic `topic`.

    Raises: OptionError.
    """
    return _follow(
        node.resolve_topic_name,
        sibling(topic, name),
        sibling(resolve_image_topic(node, topic), name),
    )


def sibling_service(node: 'Node', topic: str, name: str) -> str:
    """
    Return the full name of the service `name` in the namespace of image topic `topic`.

    Raises: OptionError.
    """
    return _follow(
        node.resolve_service_name,
        sibling(topic, name),
        sibling(resolve_image_topic(node, topic), name),
    )


def sibling(topic: str, name: str) -> str:
    """Return `topic` with `name` as its last part."""
    namespace, slash, _ = topic.rpartition('/')
    return namespace + slash + name


def _follow(resolve: Callable[..., str], name: str, beside_image: str) -> str:
    remapped = _resolve(resolve, name)
    if remapped != resolve(name, only_expand=True):
        return remapped
    return resolve(beside_image)


def _resolve(resolve: Callable[..., str], name: str) -> str:
    try:
        return resolve(name)
    except RuntimeError as exc:  # RCLError
        raise OptionError('topic', name, 'a valid ROS topic name') from exc
