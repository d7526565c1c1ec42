"""Start the receiver node, which publishes a sender's video as images."""

from launch import LaunchDescription

from webrtc_bridge.nodes.ros.launch_arguments import argument, description, node, node_arguments
from webrtc_bridge.options import ReceiverOptions

FILE = 'receiver.launch.py'
NAMES = (
    *('sender_id', 'server_url', 'token_file', 'ca_file', 'dds_transport'),
    *('topic', 'frame_id', 'encoding', 'camera_info_url'),
)


def generate_launch_description() -> LaunchDescription:
    return description(
        FILE,
        [
            *(argument(name, ReceiverOptions) for name in NAMES),
            *node_arguments('receiver.yaml'),
            node(FILE, 'receiver_node', 'webrtc_receiver', ReceiverOptions, NAMES),
        ],
    )
