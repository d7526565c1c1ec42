"""Start the sender node, which sends an image topic as video."""

from launch import LaunchDescription

from webrtc_bridge.nodes.ros.launch_arguments import argument, node, node_arguments
from webrtc_bridge.options import SenderNodeOptions

NAMES = ('sender_id', 'name', 'server_url', 'token_file', 'ca_file', 'topic', 'bitrate')


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            *(argument(name, SenderNodeOptions) for name in NAMES),
            *node_arguments('sender.yaml'),
            node('sender_node', 'webrtc_sender', SenderNodeOptions, NAMES),
        ]
    )
