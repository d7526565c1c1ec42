"""Start the receiver node, which publishes a sender's video as images."""

from launch import LaunchDescription

from webrtc_bridge.nodes.ros.launch_arguments import argument, node, node_arguments
from webrtc_bridge.options import ReceiverOptions

NAMES = ('sender_id', 'server_url', 'token_file', 'ca_file', 'topic')


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            *(argument(name, ReceiverOptions) for name in NAMES),
            *node_arguments('receiver.yaml'),
            node('receiver_node', 'webrtc_receiver', ReceiverOptions, NAMES),
        ]
    )
