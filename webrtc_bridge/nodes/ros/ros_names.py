"""Names in ROS for what signaling calls by ids. Imports no rclpy: launch files use it too."""

import re

from webrtc_bridge.errors import OptionError
from webrtc_bridge.options import PEER_ID


def ros_name(sender_id: str) -> str:
    """
    Return `sender_id` as a part of a ROS name: letters, digits and underscores.

    Raises: OptionError.
    """
    if not PEER_ID.fullmatch(sender_id):
        expected = '1 to 64 letters, digits, dots, dashes and underscores each'
        raise OptionError('sender_ids', sender_id, expected)
    name = re.sub('[^A-Za-z0-9]+', '_', sender_id).strip('_')
    return name if name[:1].isalpha() else f'camera_{name}'.rstrip('_')
