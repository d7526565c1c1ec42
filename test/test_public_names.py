"""
Every name that users write into their scripts, launch files and configurations.

A new name is added here and kept from then on; none of these is renamed or taken away without an
entry under Breaking in the changelog.
"""

import importlib
import os
import re
import sys
from pathlib import Path
from typing import Any

import pytest
from support.ros.launch_files import declared_arguments

from webrtc_bridge.__main__ import COMMANDS
from webrtc_bridge.program.option_row import rows

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / 'webrtc_bridge'

CONSOLE_SCRIPTS = {
    *('webrtc_bridge', 'webcam_sender', 'gstreamer_sender'),
    *('signaling_node', 'receiver_node', 'sender_node'),
}

SERVER_FLAGS = {'--server', '--token-file', '--ca'}
EVERY_PROGRAM = {'--help', '--log-level', '--version'}
FLAGS = {
    'signaling': {
        *('--host', '--port', '--secret-file', '--allow-anonymous'),
        *('--certificate', '--key', '--self-signed', '--allowed-origin'),
        *('--ice-server', '--ice-servers-file', '--turn-lifetime'),
        *('--max-sockets', '--max-sockets-per-address', '--message-rate'),
        *('--heartbeat', '--hello-timeout', '--send-queue'),
    },
    'webcam': {
        *(*SERVER_FLAGS, '--id', '--name', '--cameras'),
        *('--source', '--width', '--height', '--fps', '--rtsp-transport'),
        *('--codec', '--bitrate', '--min-bitrate'),
    },
    'gstreamer': {
        *(*SERVER_FLAGS, '--id', '--name'),
        *('--source', '--width', '--height', '--fps'),
        *('--bitrate', '--min-bitrate', '--encoder'),
    },
    'token': {
        '--rights',
        '--senders',
        '--for',
        '--name',
        '--secret-file',
        '--out',
        '--new-secret',
    },
    'certificate': {'--certificate', '--key', '--name', '--days'},
    'doctor': {*SERVER_FLAGS, '--id'},
    'demo': {
        *('--port', '--duration'),
        *('--source', '--width', '--height', '--fps', '--rtsp-transport'),
    },
}
'The flags of each subcommand of `webrtc_bridge`, in addition to those of every program.'

NODES = {
    'receiver_node': 'webrtc_receiver',
    'sender_node': 'webrtc_sender',
    'signaling_node': 'webrtc_signaling',
    'status_node': 'webrtc_status',
}

SERVER_PARAMETERS = {'server_url', 'token_file', 'ca_file'}
PARAMETERS = {
    'receiver_node': {
        *(*SERVER_PARAMETERS, 'sender_id', 'sender_ids', 'receiver_id', 'name'),
        *('topic', 'frame_id', 'encoding', 'jpeg_quality', 'camera_info_url', 'stamp'),
        *('ice_servers', 'ice_transport_policy', 'dds_transport', 'keyframe_interval'),
        'max_repair_delay',
    },
    'sender_node': {
        *(*SERVER_PARAMETERS, 'sender_id', 'sender_ids', 'name', 'topic', 'topics'),
        *('codec', 'bitrate', 'min_bitrate', 'fps', 'depth_near', 'depth_far'),
        *('mono16_black', 'mono16_white'),
        'dds_transport',
    },
    'signaling_node': {
        *('host', 'port', 'secret_file', 'allow_anonymous'),
        *('certificate', 'key', 'self_signed', 'allowed_origins'),
        *('ice_servers', 'ice_servers_file', 'turn_lifetime'),
        *('max_sockets', 'max_sockets_per_address', 'message_rate'),
        *('heartbeat', 'hello_timeout', 'send_queue'),
    },
    'status_node': {'topic', 'duration'},
}

CHANGEABLE = {
    'receiver_node': {'sender_id', 'jpeg_quality', 'keyframe_interval'},
    'sender_node': {
        'bitrate',
        'min_bitrate',
        'topic',
        'topics',
        'depth_near',
        'depth_far',
        'mono16_black',
        'mono16_white',
    },
    'signaling_node': set(),
    'status_node': set(),
}
'The parameters that `ros2 param set` changes while the node runs.'

EVERY_LAUNCH_FILE = {'namespace', 'params_file', 'log_level', 'respawn'}
IMAGE_ARGUMENTS = {'topic', 'frame_id', 'encoding', 'camera_info_url', 'dds_transport'}
LAUNCH_ARGUMENTS = {
    'signaling.launch.py': {
        *('host', 'port', 'secret_file', 'allow_anonymous'),
        *('certificate', 'key', 'self_signed', *EVERY_LAUNCH_FILE),
    },
    'receiver.launch.py': {
        *('sender_id', *SERVER_PARAMETERS),
        *(*IMAGE_ARGUMENTS, *EVERY_LAUNCH_FILE),
    },
    'receivers.launch.py': {
        *('cameras', *SERVER_PARAMETERS),
        *(*IMAGE_ARGUMENTS, *EVERY_LAUNCH_FILE),
    },
    'sender.launch.py': {
        *('sender_id', 'name', *SERVER_PARAMETERS),
        *('topic', 'bitrate', 'dds_transport', *EVERY_LAUNCH_FILE),
    },
    'demo.launch.py': {'sender_id', *SERVER_PARAMETERS, 'port', 'topic', *EVERY_LAUNCH_FILE},
}

CONFIG_FILES = {'receiver.yaml', 'sender.yaml', 'signaling.yaml', 'cameras.yaml'}

VARIABLES = {
    *('WEBRTC_BRIDGE_SECRET', 'WEBRTC_BRIDGE_TOKEN', 'WEBRTC_BRIDGE_TURN_SECRET'),
    *('FASTDDS_DEFAULT_PROFILES_FILE', 'FASTRTPS_DEFAULT_PROFILES_FILE'),
    'FASTDDS_BUILTIN_TRANSPORTS',
}

PUBLISHED = {
    'receiver_node': {
        '/image_raw': 'sensor_msgs/msg/Image',
        '/image_raw/compressed': 'sensor_msgs/msg/CompressedImage',
        '/image_raw/h264': 'sensor_msgs/msg/CompressedImage',
        '/camera_info': 'sensor_msgs/msg/CameraInfo',
        '/diagnostics': 'diagnostic_msgs/msg/DiagnosticArray',
    },
    'sender_node': {'/diagnostics': 'diagnostic_msgs/msg/DiagnosticArray'},
    'signaling_node': {'/diagnostics': 'diagnostic_msgs/msg/DiagnosticArray'},
    'status_node': {},
}
SUBSCRIBED = {
    'receiver_node': {},
    'sender_node': {},  # nothing, until somebody watches
    'signaling_node': {},
    'status_node': {
        '/image_raw': 'sensor_msgs/msg/Image',
        '/diagnostics': 'diagnostic_msgs/msg/DiagnosticArray',
    },
}
SERVICES = {
    'receiver_node': {
        '/webrtc_receiver/list_senders': 'std_srvs/srv/Trigger',
        '/set_camera_info': 'sensor_msgs/srv/SetCameraInfo',
    },
    'sender_node': {},
    'signaling_node': {},
    'status_node': {},
}
OPTIONAL = ('foxglove_msgs/', 'ffmpeg_image_transport_msgs/')
'Messages whose topics exist only where their package is installed.'

QOS_OVERRIDES = {
    f'qos_overrides.{topic}.publisher.{policy}'
    for topic in ('/image_raw', '/image_raw/compressed', '/image_raw/h264', '/camera_info')
    for policy in ('history', 'depth', 'reliability', 'durability')
}

STANDARD_SERVICES = (
    *('describe_parameters', 'get_parameter_types', 'get_parameters', 'list_parameters'),
    *('set_parameters', 'set_parameters_atomically', 'get_type_description'),
)
OPTIONAL_OVERRIDES = tuple(
    f'qos_overrides./image_raw/{transport}.' for transport in ('foxglove', 'ffmpeg')
)


def program_of(node: str) -> Any:
    return importlib.import_module(f'webrtc_bridge.nodes.{node}').PROGRAM


def flags_of(module: str, capsys: pytest.CaptureFixture[str]) -> set[str]:
    with pytest.raises(SystemExit):
        importlib.import_module(module).main(['--help'])
    options = capsys.readouterr().out.partition('\noptions:\n')[2]
    return set(re.findall(r'^  (?:-\w, )?(--[\w-]+)', options, re.MULTILINE))


def test_console_scripts(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip('setuptools')
    from distutils.core import run_setup

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, 'argv', ['setup.py'])
    entries: Any = run_setup('setup.py', stop_after='init').entry_points
    assert {line.split(' = ')[0] for line in entries['console_scripts']} == CONSOLE_SCRIPTS


def test_subcommands() -> None:
    assert set(COMMANDS) == set(FLAGS)


@pytest.mark.parametrize('command', FLAGS)
def test_flags_of_a_subcommand(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    found = flags_of(f'webrtc_bridge.commands.{command}', capsys)
    assert found == FLAGS[command] | EVERY_PROGRAM


@pytest.mark.parametrize('node', NODES)
def test_flags_and_name_of_a_node(node: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert flags_of(f'webrtc_bridge.nodes.{node}', capsys) == EVERY_PROGRAM
    assert program_of(node).name == node
    assert program_of(node).node_name == NODES[node]


@pytest.mark.parametrize('node', NODES)
def test_parameters_of_a_node(node: str) -> None:
    table = list(rows(program_of(node).options))
    assert {row.name for row in table} == PARAMETERS[node]
    assert {row.name for row in table if not row.read_only} == CHANGEABLE[node]


def test_arguments_of_the_launch_files() -> None:
    found = {file: set(arguments) for file, arguments in declared_arguments().items()}
    assert found == LAUNCH_ARGUMENTS


def test_configuration_files() -> None:
    assert {path.name for path in (ROOT / 'config').iterdir()} == CONFIG_FILES


def test_environment_variables() -> None:
    texts = [path.read_text(encoding='utf-8') for path in PACKAGE.rglob('*.py')]
    found = {
        name for text in texts for name in re.findall(r"'((?:WEBRTC_BRIDGE|FAST\w+)_\w+)'", text)
    }
    assert found == VARIABLES


@pytest.mark.parametrize('node', NODES)
async def test_what_a_node_puts_on_the_graph(node: str) -> None:
    pytest.importorskip('rclpy')
    from webrtc_bridge.nodes.ros.parameters import Parameters
    from webrtc_bridge.nodes.ros.ros_thread import created_node, initialised

    program = program_of(node)
    with initialised([]), created_node(program.node_name) as ros_node:
        program.prepare(ros_node, Parameters(ros_node, program.options)).close()
        names = (program.node_name, '/')
        published = ros_node.get_publisher_names_and_types_by_node(*names)
        subscribed = ros_node.get_subscriber_names_and_types_by_node(*names)
        services = ros_node.get_service_names_and_types_by_node(*names)
        parameters = set(ros_node.list_parameters([], 0).names)
    assert by_name(published, 'rosout', 'parameter_events') == PUBLISHED[node]
    assert by_name(subscribed, 'parameter_events') == SUBSCRIBED[node]
    assert by_name(services, *STANDARD_SERVICES) == SERVICES[node]
    overrides = {name for name in parameters if name.startswith('qos_overrides.')}
    ours = {name for name in overrides if not name.startswith(OPTIONAL_OVERRIDES)}
    assert ours == (QOS_OVERRIDES if node == 'receiver_node' else set())
    assert parameters >= PARAMETERS[node]


def by_name(found: list[tuple[str, list[str]]], *standard: str) -> dict[str, str]:
    """Return name and type of `found`, without what every node has, or only some machines."""
    return {
        name: kinds[0]
        for name, kinds in found
        if os.path.basename(name) not in standard and not kinds[0].startswith(OPTIONAL)
    }
