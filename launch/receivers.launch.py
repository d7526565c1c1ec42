"""Start a receiver node for each of several cameras, each in a namespace of its own."""

from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    GroupAction,
    IncludeLaunchDescription,
    OpaqueFunction,
)
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution

from webrtc_bridge.nodes.ros.launch_arguments import SHARE, argument, node_arguments
from webrtc_bridge.nodes.ros.ros_names import ros_name
from webrtc_bridge.options import ReceiverOptions

NAMES = ('server_url', 'token_file', 'ca_file', 'topic')


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                'cameras',
                description='Ids of the senders to follow, such as front,rear. Each has its own '
                'node and topics, in a namespace named after its id.',
            ),
            *(argument(name, ReceiverOptions) for name in NAMES),
            *node_arguments('receiver.yaml'),
            OpaqueFunction(function=receivers),
        ]
    )


def receivers(context: LaunchContext) -> list[GroupAction]:
    """Return a receiver for each camera; in groups, so that none gets another's arguments."""
    cameras = LaunchConfiguration('cameras').perform(context).split(',')
    namespace = LaunchConfiguration('namespace').perform(context)
    shared = {
        name: LaunchConfiguration(name).perform(context)
        for name in (*NAMES, 'params_file', 'log_level')
    }
    return [
        GroupAction(
            [
                IncludeLaunchDescription(
                    PathJoinSubstitution([SHARE, 'launch', 'receiver.launch.py']),
                    launch_arguments={
                        **shared,
                        'sender_id': camera,
                        'namespace': f'{namespace}/{ros_name(camera)}'.removeprefix('/'),
                    }.items(),
                )
            ]
        )
        for camera in map(str.strip, cameras)
        if camera
    ]
