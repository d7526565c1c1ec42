"""Start everything on this machine: signaling, a sender of a test pattern, and the receiver."""

from launch import LaunchContext, LaunchDescription
from launch.actions import (
    DeclareLaunchArgument,
    ExecuteProcess,
    GroupAction,
    IncludeLaunchDescription,
    OpaqueFunction,
    SetLaunchConfiguration,
)
from launch.conditions import IfCondition
from launch.substitutions import EqualsSubstitution, LaunchConfiguration, PathJoinSubstitution
from launch_ros.substitutions import ExecutableInPackage, FindPackageShare

SHARE = FindPackageShare('webrtc_bridge')
SIGNALING_CONFIG = PathJoinSubstitution([SHARE, 'config', 'signaling.yaml'])
LEVELS = ('', 'debug', 'info', 'warn', 'error')


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                'sender_id',
                default_value='',
                description='Id of the sender, which the receiver follows. '
                'Left out, the server makes one.',
            ),
            DeclareLaunchArgument(
                'server_url',
                default_value='',
                description='Signaling server, ws://host:port or wss://host:port, '
                'to use instead of starting one.',
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
                'port',
                default_value='',
                description='Port of the signaling server that is started here.',
            ),
            DeclareLaunchArgument(
                'topic',
                default_value='',
                description='Topic that the images are published on. '
                'Left out, what params_file says.',
            ),
            DeclareLaunchArgument(
                'namespace', default_value='', description='Namespace of the nodes and the topic.'
            ),
            DeclareLaunchArgument(
                'params_file',
                default_value=PathJoinSubstitution([SHARE, 'config', 'receiver.yaml']),
                description='Parameter file of the receiver.',
            ),
            DeclareLaunchArgument(
                'log_level',
                default_value='',
                choices=LEVELS,
                description="Log from this level on. Left out, each program's own default.",
            ),
            # In a group, so that this params_file is not taken for the receiver's.
            GroupAction(
                [
                    IncludeLaunchDescription(
                        PathJoinSubstitution([SHARE, 'launch', 'signaling.launch.py']),
                        launch_arguments={'params_file': SIGNALING_CONFIG}.items(),
                    )
                ],
                condition=IfCondition(EqualsSubstitution(LaunchConfiguration('server_url'), '')),
            ),
            OpaqueFunction(function=webcam_sender),
            IncludeLaunchDescription(
                PathJoinSubstitution([SHARE, 'launch', 'receiver.launch.py'])
            ),
        ]
    )


def webcam_sender(context: LaunchContext) -> list[SetLaunchConfiguration | ExecuteProcess]:
    """Return the sender's process; say where the server is, to it and to the receiver."""
    port, server_url, token_file, ca_file, sender_id, level = (
        LaunchConfiguration(name).perform(context)
        for name in ('port', 'server_url', 'token_file', 'ca_file', 'sender_id', 'log_level')
    )
    if port and not server_url:
        server_url = f'ws://127.0.0.1:{port}'
    flags = {
        '--server': server_url,
        '--token-file': token_file,
        '--ca': ca_file,
        '--id': sender_id,
        '--log-level': level,
    }
    given = [word for flag, value in flags.items() if value for word in (flag, value)]
    program = ExecutableInPackage(package='webrtc_bridge', executable='webcam_sender')
    return [
        SetLaunchConfiguration('server_url', server_url),
        ExecuteProcess(
            cmd=[program, '--source', 'test', *given], name='webcam_sender', output='screen'
        ),
    ]
