"""
Launch arguments that set a node's parameters, described by the option table.

An argument that is left out is empty and overrides nothing: defaults stand in the option table and
in params_file alone. Imports `launch`, and no rclpy.
"""

from collections.abc import Sequence
from functools import partial

from launch import LaunchContext, LaunchDescription, LaunchDescriptionEntity
from launch.actions import DeclareLaunchArgument, OpaqueFunction
from launch.events.process import ProcessExited
from launch.substitutions import LaunchConfiguration, PathJoinSubstitution
from launch_ros.actions import Node
from launch_ros.parameter_descriptions import ParameterValue
from launch_ros.substitutions import FindPackageShare

from webrtc_bridge.errors import ProgramEndedError
from webrtc_bridge.nodes.ros.launch_values import refuse_unknown, typed_arguments
from webrtc_bridge.program.option_row import Option, rows

SHARE = FindPackageShare('webrtc_bridge')
RESPAWN_DELAY = 2.0
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
        DeclareLaunchArgument(
            'respawn',
            default_value='',
            choices=('', 'true', 'false'),
            description='Start a node again when it ends, instead of ending the launch with a '
            'status other than 0.',
        ),
    ]


def description(file: str, entities: Sequence[LaunchDescriptionEntity]) -> LaunchDescription:
    """Return `entities` as the launch file `file`, which refuses unknown arguments."""
    kind = 'DeclareLaunchArgument'
    names = [entity.name for entity in entities if type(entity).__name__ == kind]

    def check(_: LaunchContext) -> None:
        refuse_unknown(file, names)

    return LaunchDescription([OpaqueFunction(function=check), *entities])


def node(
    file: str, executable: str, name: str, options: type, names: Sequence[str]
) -> OpaqueFunction:
    """Return what starts a node in launch file `file` with those of arguments `names` given."""

    def start(context: LaunchContext) -> list[Node]:
        level = LaunchConfiguration('log_level').perform(context)
        respawn = LaunchConfiguration('respawn').perform(context) == 'true'
        return [
            Node(
                package='webrtc_bridge',
                executable=executable,
                name=name,
                namespace=LaunchConfiguration('namespace'),
                parameters=[LaunchConfiguration('params_file'), given(context, options, names)],
                output='screen',
                respawn=respawn,
                respawn_delay=RESPAWN_DELAY,
                on_exit=None if respawn else partial(end_launch, file, executable),
                ros_arguments=['--log-level', level] if level else [],
            )
        ]

    return OpaqueFunction(function=start)


def end_launch(file: str, program: str, event: ProcessExited, context: LaunchContext) -> None:
    """
    End a launch of `file` if its program failed; where the file is included, the rest goes on.

    Raises: ProgramEndedError, by which `launch` ends with a status other than 0.
    """
    is_included = typed_arguments(file) is None
    if event.returncode and not context.is_shutdown and not is_included:
        raise ProgramEndedError(program, event.returncode)


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
