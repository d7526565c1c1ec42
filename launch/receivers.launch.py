"""Start a receiver node for each of several cameras, each in a namespace of its own."""

from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    GroupAction,
    IncludeLaunchDescription,
    OpaqueFunction,
)
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.substitutions import FindPackageShare

from webrtc_bridge.nodes.ros.ros_names import ros_name

SHARE = FindPackageShare('webrtc_bridge')
LEVELS = ('', 'debug', 'info', 'warn', 'error', 'fatal')


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                'cameras',
                description='Ids of the senders to follow, like front,rear. Each has its own node '
                'and topics, in a namespace of its id.',
            ),
            DeclareLaunchArgument(
                'server_url',
                default_value='',
                description='Signaling server, ws://host:port or wss://host:port. '
                'Left out, what params_file says.',
            ),
            DeclareLaunchArgument(
                'token_file',
                default_value='',
                description='File with the token for the signaling server, mode 0600. '
                'Left out, what params_file says, and there WEBRTC_BRIDGE_TOKEN.',
            ),
            DeclareLaunchArgument(
                'ca_file',
                default_value='',
                description='Certificate of the signaling server at wss://, or of who signed it. '
                'Left out, what params_file says, and there those that the system trusts.',
            ),
            DeclareLaunchArgument(
                'topic',
                default_value='',
                description='Topic that the images of each camera are published on, in its '
                'namespace. Left out, what params_file says.',
            ),
            DeclareLaunchArgument(
                'namespace', default_value='', description='Namespace around those of the cameras.'
            ),
            DeclareLaunchArgument(
                'params_file',
                default_value=PathJoinSubstitution([SHARE, 'config', 'receiver.yaml']),
                description='Parameter file of all nodes.',
            ),
            DeclareLaunchArgument(
                'log_level',
                default_value='',
                choices=LEVELS,
                description="Log from this level on. Left out, ROS's own default.",
            ),
            OpaqueFunction(function=receivers),
        ]
    )


def receivers(context: LaunchContext) -> list[GroupAction]:
    """Return one receiver for each camera."""
    cameras = LaunchConfiguration('cameras').perform(context).split(',')
    around = LaunchConfiguration('namespace').perform(context)
    shared = {
        name: LaunchConfiguration(name).perform(context)
        for name in ('server_url', 'token_file', 'ca_file', 'topic', 'params_file', 'log_level')
    }
    return [
        GroupAction(
            [
                IncludeLaunchDescription(
                    PathJoinSubstitution([SHARE, 'launch', 'receiver.launch.py']),
                    launch_arguments={
                        **shared,
                        'sender_id': camera,
                        'namespace': f'{around}/{ros_name(camera)}'.removeprefix('/'),
                    }.items(),
                )
            ]
        )
        for camera in map(str.strip, cameras)
        if camera
    ]
