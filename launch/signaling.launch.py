"""Start the signaling server, where senders and receivers meet, as a node."""

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

CONFIG = PathJoinSubstitution([FindPackageShare('webrtc_bridge'), 'config', 'signaling.yaml'])
LEVELS = ('', 'debug', 'info', 'warn', 'error', 'fatal')


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                'host',
                default_value='',
                description='Address to listen on; 0.0.0.0 is every interface. '
                'Left out, what params_file says.',
            ),
            DeclareLaunchArgument(
                'port',
                default_value='',
                description='Port to listen on. Left out, what params_file says.',
            ),
            DeclareLaunchArgument(
                'secret_file',
                default_value='',
                description='File with the secret that tokens are made of, mode 0600. '
                'Left out, what params_file says, and there WEBRTC_BRIDGE_SECRET.',
            ),
            DeclareLaunchArgument(
                'allow_anonymous',
                default_value='',
                choices=('', 'true', 'false'),
                description='Whether to serve everybody who reaches a server without a secret. '
                'Left out, what params_file says.',
            ),
            DeclareLaunchArgument(
                'certificate',
                default_value='',
                description='PEM file with the certificate for https:// and wss://. '
                'Left out, what params_file says.',
            ),
            DeclareLaunchArgument(
                'key',
                default_value='',
                description='PEM file with the private key of the certificate. '
                'Left out, what params_file says.',
            ),
            DeclareLaunchArgument(
                'self_signed',
                default_value='',
                choices=('', 'true', 'false'),
                description='Whether to serve https:// and wss:// with a certificate made now. '
                'Left out, what params_file says.',
            ),
            DeclareLaunchArgument(
                'namespace', default_value='', description='Namespace of the node.'
            ),
            DeclareLaunchArgument(
                'params_file',
                default_value=CONFIG,
                description='Parameter file of the node.',
            ),
            DeclareLaunchArgument(
                'log_level',
                default_value='',
                choices=LEVELS,
                description="Log from this level on. Left out, ROS's own default.",
            ),
            OpaqueFunction(function=signaling_node),
        ]
    )


def signaling_node(context: LaunchContext) -> list[Node]:
    """Return the node; an argument left out overrides neither params_file nor a default."""
    kinds = {
        'host': str,
        'port': int,
        'secret_file': str,
        'allow_anonymous': bool,
        'certificate': str,
        'key': str,
        'self_signed': bool,
    }
    given = {
        name: ParameterValue(LaunchConfiguration(name), value_type=kind)
        for name, kind in kinds.items()
        if LaunchConfiguration(name).perform(context)
    }
    level = LaunchConfiguration('log_level').perform(context)
    return [
        Node(
            package='webrtc_bridge',
            executable='signaling_node',
            name='webrtc_signaling',
            namespace=LaunchConfiguration('namespace'),
            parameters=[LaunchConfiguration('params_file'), given],
            output='screen',
            ros_arguments=['--log-level', level] if level else [],
        )
    ]
