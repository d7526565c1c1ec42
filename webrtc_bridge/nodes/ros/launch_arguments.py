"""
Launch arguments that set a node's parameters, described by the option table.

An argument that is left out is empty and overrides nothing: defaults stand in the option table and
in params_file alone. Imports `launch`, and no rclpy.
"""

from collections.abc import Sequence

from launch import LaunchContext
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

from webrtc_bridge.program.option_row import Option, rows

SHARE = FindPackageShare('webrtc_bridge')
LOG_LEVELS = ('', 'debug', 'info', 'warn', 'error', 'fatal')


def argument(
    name: str, options: type, note: str = 'Overrides params_file.'
) -> DeclareLaunchArgument:
    """Return the argument for the row `name` of the dataclass `options`; `note` ends its text."""
    row = _row(options, name)
    return DeclareLaunchArgument(
        name,
        default_value='',
        description=f'{row.description} {note}',
        choices=('', 'true', 'false') if row.kind is bool else None,
    )


def node_arguments(
    config_file: str, log_levels: Sequence[str] = LOG_LEVELS
) -> list[DeclareLaunchArgument]:
    """Return the arguments of every launch file; `config_file` is the default of params_file."""
    return [
        DeclareLaunchArgument(
            'namespace', default_value='', description='Namespace of the nodes and their topics.'
        ),
        DeclareLaunchArgument(
            'params_file',
            default_value=PathJoinSubstitution([SHARE, 'config', config_file]),
            description='Parameter file of the node.',
        ),
        DeclareLaunchArgument(
            'log_level',
            default_value='',
            choices=log_levels,
            description='Lowest level to log; if empty, the default of each program.',
        ),
    ]


def node(executable: str, name: str, options: type, names: Sequence[str]) -> OpaqueFunction:
    """Return what starts a node of this package with the arguments `names` that were given."""

    def start(context: LaunchContext) -> list[Node]:
        level = LaunchConfiguration('log_level').perform(context)
        return [
            Node(
                package='webrtc_bridge',
                executable=executable,
                name=name,
                namespace=LaunchConfiguration('namespace'),
                parameters=[LaunchConfiguration('params_file'), given(context, options, names)],
                output='screen',
                ros_arguments=['--log-level', level] if level else [],
            )
        ]

    return OpaqueFunction(function=start)


def given(
    context: LaunchContext, options: type, names: Sequence[str]
) -> dict[str, ParameterValue]:
    """Return those of the arguments `names` that are not empty, as parameters."""
    return {
        # In the option's own type, whatever it looks like: sender_id:=007 is text.
        name: ParameterValue(LaunchConfiguration(name), value_type=_row(options, name).kind)
        for name in names
        if LaunchConfiguration(name).perform(context)
    }


def _row(options: type, name: str) -> Option:
    return next(row for row in rows(options) if row.name == name)
