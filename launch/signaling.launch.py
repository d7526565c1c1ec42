"""Start the signaling server, which connects senders with receivers, as a node."""

from launch import LaunchDescription

from webrtc_bridge.nodes.ros.launch_arguments import argument, description, node, node_arguments
from webrtc_bridge.options import SignalingOptions

FILE = 'signaling.launch.py'
NAMES = (
    *('host', 'port', 'secret_file', 'allow_anonymous'),
    *('certificate', 'key', 'self_signed'),
)


def generate_launch_description() -> LaunchDescription:
    return description(
        FILE,
        [
            *(argument(name, SignalingOptions) for name in NAMES),
            *node_arguments('signaling.yaml'),
            node(FILE, 'signaling_node', 'webrtc_signaling', SignalingOptions, NAMES),
        ],
    )
