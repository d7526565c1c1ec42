"""The launch files run by ROS 2's own launch system, as `ros2 launch` does."""

import os
import sys
from pathlib import Path
from typing import Any

import pytest

# Not `launch`: that is also found as the folder of launch files.
pytest.importorskip(
    'launch_ros', reason='launch_ros comes with an installed ROS 2, not as a wheel'
)

import launch
import launch_ros
import yaml
from launch.actions import DeclareLaunchArgument, IncludeLaunchDescription, OpaqueFunction
from launch.event_handlers import OnProcessStart
from launch.launch_description_sources import PythonLaunchDescriptionSource

LAUNCH = Path(__file__).parents[1] / 'launch'

pytestmark = pytest.mark.skipif(
    'share/webrtc_bridge'
    not in ' '.join(
        str(path)
        for prefix in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
        for path in Path(prefix or '.').glob('share/webrtc_bridge')
    ),
    reason='the package is not in AMENT_PREFIX_PATH; source install/setup.sh',
)


def started(file: str, **arguments: str) -> dict[str, list[str]]:
    """Launch `file`; once all processes have started, return their command lines by name."""
    commands: dict[str, list[str]] = {}
    wanted = {'demo.launch.py': 3}.get(file, 1)

    def on_start(event: Any, _: launch.LaunchContext) -> list[Any]:
        name = Path(event.cmd[0]).name
        commands[name] = [*event.cmd, *parameters(event.cmd)]
        return [launch.actions.Shutdown()] if len(commands) == wanted else []

    service = launch.LaunchService(noninteractive=True)
    service.include_launch_description(
        launch.LaunchDescription(
            [
                launch.actions.RegisterEventHandler(OnProcessStart(on_start=on_start)),
                IncludeLaunchDescription(
                    PythonLaunchDescriptionSource(str(LAUNCH / file)),
                    launch_arguments=arguments.items(),
                ),
                # A test that waits forever tells nothing.
                launch.actions.TimerAction(period=30.0, actions=[launch.actions.Shutdown()]),
            ]
        )
    )
    service.run()
    return commands


def parameters(command: list[str]) -> list[str]:
    """Return `name=value` of all parameter files of `command`, read while they exist."""
    files = [command[i + 1] for i, word in enumerate(command) if word == '--params-file']
    return [
        f'{name}={value!r}'
        for file in files
        if 'launch_params' in file
        for node in yaml.safe_load(Path(file).read_text()).values()
        for name, value in node['ros__parameters'].items()
    ]


def config(command: list[str]) -> list[str]:
    """Return the parameter files of `command`, without the temporary ones of launch itself."""
    files = [command[i + 1] for i, word in enumerate(command) if word == '--params-file']
    return [Path(file).name for file in files if 'launch_params' not in file]


def test_the_receiver_gets_what_was_given_as_text() -> None:
    command = started('receiver.launch.py', sender_id='007', topic='cam/image')['receiver_node']
    assert "sender_id='007'" in command
    assert "topic='cam/image'" in command
    assert '__node:=webrtc_receiver' in command


def test_what_was_left_out_overrides_nothing() -> None:
    command = started('receiver.launch.py')['receiver_node']
    assert not [word for word in command if '=' in word and word.startswith(('sender', 'server'))]
    assert config(command) == ['receiver.yaml']
    assert '--log-level' not in command


def test_a_parameter_file_and_a_namespace_are_passed_on(tmp_path: Path) -> None:
    file = tmp_path / 'mine.yaml'
    file.write_text('/**:\n  ros__parameters:\n    sender_id: rear\n')
    command = started(
        'receiver.launch.py', params_file=str(file), namespace='rover', log_level='debug'
    )['receiver_node']
    assert config(command) == ['mine.yaml']
    assert '__ns:=/rover' in command
    assert command[command.index('--log-level') + 1] == 'debug'


def test_the_signaling_server_gets_its_port_as_a_number() -> None:
    command = started('signaling.launch.py', port='0')['signaling_node']
    assert 'port=0' in command
    assert config(command) == ['signaling.yaml']
    assert '__node:=webrtc_signaling' in command


def test_the_signaling_server_gets_its_switches_as_booleans() -> None:
    command = started('signaling.launch.py', allow_anonymous='true', self_signed='false')
    assert {'allow_anonymous=True', 'self_signed=False'} < set(command['signaling_node'])


def test_the_sender_gets_its_bit_rate_as_a_number() -> None:
    command = started('sender.launch.py', sender_id='007', topic='cam/image', bitrate='900')
    assert {"sender_id='007'", "topic='cam/image'", 'bitrate=900'} < set(command['sender_node'])
    assert config(command['sender_node']) == ['sender.yaml']
    assert '__node:=webrtc_sender' in command['sender_node']


def test_the_demo_is_all_three_with_their_own_files() -> None:
    commands = started('demo.launch.py', sender_id='front', port='18099')
    assert config(commands['signaling_node']) == ['signaling.yaml']
    assert config(commands['receiver_node']) == ['receiver.yaml']
    assert "server_url='ws://127.0.0.1:18099'" in commands['receiver_node']
    assert "sender_id='front'" in commands['receiver_node']
    sender = commands['webcam_sender'][1:]
    assert sender == ['--source', 'test', '--server', 'ws://127.0.0.1:18099', '--id', 'front']


def test_the_image_options_are_arguments(tmp_path: Path) -> None:
    url = f'file://{tmp_path}/${{NAME}}.yaml'
    command = started(
        'receiver.launch.py', frame_id='lens', encoding='rgb8', camera_info_url=url, respawn='true'
    )['receiver_node']
    assert {"frame_id='lens'", "encoding='rgb8'", f'camera_info_url={url!r}'} < set(command)


def test_several_receivers_have_frames_and_namespaces_of_their_own() -> None:
    command = started('receivers.launch.py', cameras='front', frame_id='lens')['receiver_node']
    assert {"sender_id='front'", "frame_id='${NAME}_lens'", '__ns:=/front'} < set(command)
    command = started('receivers.launch.py', cameras='rear')['receiver_node']
    assert "frame_id='${NAME}_camera_optical_frame'" in command


def status_of(monkeypatch: pytest.MonkeyPatch, file: str, **arguments: str) -> int:
    """Launch `file` as `ros2 launch` does; return its exit status."""
    words = [f'{name}:={value}' for name, value in arguments.items()]
    monkeypatch.setattr(sys, 'argv', ['ros2', 'launch', 'webrtc_bridge', file, *words])
    service = launch.LaunchService(noninteractive=True)
    source = PythonLaunchDescriptionSource(str(LAUNCH / file))
    service.include_launch_description(
        launch.LaunchDescription(
            [IncludeLaunchDescription(source, launch_arguments=arguments.items())]
        )
    )
    return int(service.run())


def test_an_unknown_argument_ends_the_launch_with_status_1(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert status_of(monkeypatch, 'receiver.launch.py', frame='lens') == 1


def test_a_node_that_fails_ends_the_launch_with_status_1(monkeypatch: pytest.MonkeyPatch) -> None:
    assert status_of(monkeypatch, 'receiver.launch.py', sender_id='not an id') == 1


def test_the_arguments_of_the_demo_are_its_own() -> None:
    source = PythonLaunchDescriptionSource(str(LAUNCH / 'demo.launch.py'))
    description = source.get_launch_description(launch.LaunchContext())
    names = {argument.name for argument in description.get_launch_arguments()}
    assert 'port' in names
    assert not names & {'self_signed', 'host', 'secret_file'}


@pytest.mark.parametrize('file', sorted(path.name for path in LAUNCH.glob('*.py')))
def test_a_launch_file_returns_its_description(file: str) -> None:
    source = PythonLaunchDescriptionSource(str(LAUNCH / file))
    entities = source.get_launch_description(launch.LaunchContext()).entities
    assert [e for e in entities if isinstance(e, DeclareLaunchArgument)]
    assert [e for e in entities if isinstance(e, OpaqueFunction)]
    assert launch_ros.__name__ in sys.modules
