"""Start the sender node, which sends an image topic as video."""

from launch import LaunchDescription

from webrtc_bridge.nodes.ros.launch_arguments import argument, description, node, node_arguments
from webrtc_bridge.options import SenderNodeOptions

FILE = 'sender.launch.py'
NAMES = (
    *('sender_id', 'name', 'server_url', 'token_file', 'ca_file', 'dds_transport'),
    *('topic', 'bitrate'),
)


def generate_launch_description() -> LaunchDescription:
    return description(
        FILE,
        [
            *(argument(name, SenderNodeOptions) for name in NAMES),
            *node_arguments('sender.yaml'),
            node(FILE, 'sender_node', 'webrtc_sender', SenderNodeOptions, NAMES),
        ],
    )
