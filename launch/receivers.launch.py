"""Start a receiver node for each of several cameras, each in a namespace of its own."""

from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    GroupAction,
    OpaqueFunction,
    SetLaunchConfiguration,
)
from launch.substitutions import LaunchConfiguration

from webrtc_bridge.nodes.ros.launch_arguments import argument, description, node, node_arguments
from webrtc_bridge.nodes.ros.launch_values import frame_of_each
from webrtc_bridge.nodes.ros.ros_names import ros_name
from webrtc_bridge.options import ReceiverOptions

FILE = 'receivers.launch.py'
NAMES = (
    *('server_url', 'token_file', 'ca_file', 'dds_transport'),
    *('topic', 'frame_id', 'encoding', 'camera_info_url'),
)


def generate_launch_description() -> LaunchDescription:
    return description(
        FILE,
        [
            DeclareLaunchArgument(
                'cameras',
                description='Ids of the senders to follow, such as front,rear. Each has its own '
                'node and topics, in a namespace named after its id.',
            ),
            *(argument(name, ReceiverOptions) for name in NAMES if name != 'frame_id'),
            argument(
                'frame_id', ReceiverOptions, 'Without ${NAME}, the name of the camera precedes it.'
            ),
            *node_arguments('receiver.yaml'),
            OpaqueFunction(function=receivers),
        ],
    )


def receivers(context: LaunchContext) -> list[GroupAction]:
    """Return a receiver for each camera; in groups, so that none gets another's arguments."""
    cameras, namespace, params_file, frame_id = (
        LaunchConfiguration(name).perform(context)
        for name in ('cameras', 'namespace', 'params_file', 'frame_id')
    )
    frame_id = frame_of_each(frame_id, params_file)
    return [
        GroupAction(
            [
                SetLaunchConfiguration('sender_id', camera),
                SetLaunchConfiguration('frame_id', frame_id),
                SetLaunchConfiguration(
                    'namespace', f'{namespace}/{ros_name(camera)}'.removeprefix('/')
                ),
                node(
                    FILE,
                    'receiver_node',
                    'webrtc_receiver',
                    ReceiverOptions,
                    ('sender_id', *NAMES),
                ),
            ]
        )
        for camera in map(str.strip, cameras.split(','))
        if camera
    ]
