"""Start everything on this machine: signaling, a sender of a test pattern, and the receiver."""

from functools import partial

from launch import LaunchContext, LaunchDescription
from launch.actions import (
    ExecuteProcess,
    GroupAction,
    OpaqueFunction,
    SetLaunchConfiguration,
)
from launch.conditions import IfCondition
from launch.substitutions import EqualsSubstitution, LaunchConfiguration, PathJoinSubstitution
from launch_ros.substitutions import ExecutableInPackage

from webrtc_bridge.nodes.ros.launch_arguments import (
    LOG_LEVELS,
    RESPAWN_DELAY,
    SHARE,
    argument,
    description,
    end_launch,
    node,
    node_arguments,
)
from webrtc_bridge.options import ReceiverOptions, SenderOptions, SignalingOptions

FILE = 'demo.launch.py'
NAMES = ('sender_id', 'server_url', 'token_file', 'ca_file', 'topic')


def generate_launch_description() -> LaunchDescription:
    return description(
        FILE,
        [
            argument('sender_id', SenderOptions, 'The receiver follows it.'),
            argument('server_url', ReceiverOptions, 'If given, no server is started.'),
            argument('token_file', ReceiverOptions),
            argument('ca_file', ReceiverOptions),
            argument('port', SignalingOptions, 'Unused with server_url.'),
            argument('topic', ReceiverOptions),
            # Without fatal, which webcam_sender does not know.
            *node_arguments('receiver.yaml', LOG_LEVELS[:-1]),
            # In a group, so that the receiver keeps its own params_file.
            GroupAction(
                [
                    SetLaunchConfiguration(
                        'params_file', PathJoinSubstitution([SHARE, 'config', 'signaling.yaml'])
                    ),
                    node(FILE, 'signaling_node', 'webrtc_signaling', SignalingOptions, ('port',)),
                ],
                condition=IfCondition(EqualsSubstitution(LaunchConfiguration('server_url'), '')),
            ),
            OpaqueFunction(function=webcam_sender),
            node(FILE, 'receiver_node', 'webrtc_receiver', ReceiverOptions, NAMES),
        ],
    )


def webcam_sender(context: LaunchContext) -> list[SetLaunchConfiguration | ExecuteProcess]:
    """Return the sender's process, and the URL of the server for it and the receiver."""
    port, server_url, token_file, ca_file, sender_id, level, respawn = (
        LaunchConfiguration(name).perform(context)
        for name in (
            *('port', 'server_url', 'token_file', 'ca_file'),
            *('sender_id', 'log_level', 'respawn'),
        )
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
    words = [word for flag, value in flags.items() if value for word in (flag, value)]
    program = ExecutableInPackage(package='webrtc_bridge', executable='webcam_sender')
    return [
        SetLaunchConfiguration('server_url', server_url),
        ExecuteProcess(
            cmd=[program, '--source', 'test', *words],
            name='webcam_sender',
            output='screen',
            respawn=respawn == 'true',
            respawn_delay=RESPAWN_DELAY,
            on_exit=None if respawn == 'true' else partial(end_launch, FILE, 'webcam_sender'),
        ),
    ]
