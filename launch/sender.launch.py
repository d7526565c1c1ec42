"""Start the sender node, which sends an image topic as video."""

from launch import LaunchContext, LaunchDescription
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

CONFIG = PathJoinSubstitution([FindPackageShare('webrtc_bridge'), 'config', 'sender.yaml'])
LEVELS = ('', 'debug', 'info', 'warn', 'error', 'fatal')


def generate_launch_description() -> LaunchDescription:
    return LaunchDescription(
        [
            DeclareLaunchArgument(
                'sender_id',
                default_value='',
                description='Id that receivers ask for. Left out, what params_file says, '
                'and there one that the server makes.',
            ),
            DeclareLaunchArgument(
                'name',
                default_value='',
                description='Name for people, shown in lists of cameras. '
                'Left out, what params_file says.',
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
                description='Topic of sensor_msgs/Image or sensor_msgs/CompressedImage to send. '
                'Left out, what params_file says.',
            ),
            DeclareLaunchArgument(
                'bitrate',
                default_value='',
                description='Bit rate in kbit/s. Left out, what params_file says.',
            ),
            DeclareLaunchArgument(
                'namespace', default_value='', description='Namespace of the node and its topic.'
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
            OpaqueFunction(function=sender_node),
        ]
    )


def sender_node(context: LaunchContext) -> list[Node]:
    """Return the node; an argument left out overrides neither params_file nor a default."""
    given = {
        # As text, whatever it looks like: sender_id:=007 is no number.
        name: ParameterValue(LaunchConfiguration(name), value_type=str)
        for name in ('sender_id', 'name', 'server_url', 'token_file', 'ca_file', 'topic')
        if LaunchConfiguration(name).perform(context)
    }
    if LaunchConfiguration('bitrate').perform(context):
        given['bitrate'] = ParameterValue(LaunchConfiguration('bitrate'), value_type=int)
    level = LaunchConfiguration('log_level').perform(context)
    return [
        Node(
            package='webrtc_bridge',
            executable='sender_node',
            name='webrtc_sender',
            namespace=LaunchConfiguration('namespace'),
            parameters=[LaunchConfiguration('params_file'), given],
            output='screen',
            ros_arguments=['--log-level', level] if level else [],
        )
    ]
