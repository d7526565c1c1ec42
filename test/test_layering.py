"""The import rule: ROS stops at nodes/, and each layer imports those below it alone."""

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import webrtc_bridge

PACKAGE = Path(webrtc_bridge.__file__).parent
TESTS = Path(__file__).parent
BENCHMARK = TESTS.parent / 'benchmark'
BASE = {
    *('errors', 'options', 'program.addresses', 'program.cancellation', 'program.long_tasks'),
    *('program.files', 'program.option_row', 'program.redaction'),
    *('program.own_command', 'program.requirements', 'program.retry'),
}
SHARED = {'signaling.secret_file', 'signaling.abort'}
FRAMES = BASE | {'media.frames', 'media.latest', 'media.wall_clock'}
RULE = {
    **dict.fromkeys(BASE, BASE),
    'media': FRAMES,
    'media.pixels': FRAMES | {'media.pixels'},
    'media.h264': FRAMES | {'media.h264'},
    'media.rtp': FRAMES | {'media.rtp'},
    'media.bandwidth': FRAMES | {'media.bandwidth', 'media.rtp.sent_packets'},
    'media.load': FRAMES | {'media.load'},
    'media.capture': FRAMES | {'media.capture', 'media.pixels', 'media.h264'},
    'media.codec': FRAMES
    | {'media.codec', 'media.pixels', 'media.h264', 'media.rtp', 'media.bandwidth', 'media.load'},
    'signaling': BASE,
    'signaling.protocol': BASE | {'signaling.protocol'},
    'signaling.broker': BASE | {'signaling.broker', 'signaling.protocol'},
    'signaling.client': BASE | {'signaling.client', 'signaling.protocol'} | SHARED,
    'signaling.server': BASE
    | {'signaling.server', 'signaling.broker', 'signaling.protocol'}
    | SHARED,
    'peer': BASE | {'peer', 'media', 'signaling.protocol'},
    'peer.aiortc.patches': BASE
    | {'peer.aiortc.patches', 'peer.watchdog', 'media', 'signaling.protocol'},
    'sending': BASE
    | {'sending', 'peer', 'media', 'signaling.client', 'signaling.protocol', 'program.fd_limit'},
    'gstreamer': BASE | {'gstreamer', 'sending', 'peer', 'media', 'signaling.protocol'},
    'receiving': BASE | {'receiving', 'peer', 'media', 'signaling.client', 'signaling.protocol'},
    'program': BASE | {'program'},
}
"""
The parts of this package that a module, or each module of a folder, may import; the longest name
counts.

The rest may import all but nodes.
"""

NODES = {
    'nodes.ros': {'nodes.ros'},
    'nodes.calibration': {'nodes.calibration'},
    'nodes.publishing': {'nodes.publishing', 'nodes.calibration', 'nodes.ros'},
    'nodes.subscribing': {'nodes.subscribing', 'nodes.calibration', 'nodes.ros'},
}
"""
The modules of nodes that each of its folders may import, besides everything outside of nodes.

The four nodes themselves may import all.
"""

LATE = {
    'gstreamer.peer.certificate': 'a GStreamer sender needs no cryptography',
    'nodes.calibration.calibration_file': 'a ROS without package index serves files',
    'nodes.ros.node_program': 'it checks rclpy first',
    'nodes.subscribing.picture_converter': 'cv_bridge is optional',
    'peer.mdns': 'GStreamer senders need no aioice',
    'program.addresses': 'ifaddr is optional',
    'program.lifetime': 'uvloop is optional',
    'signaling.server.server_certificate': 'a server without TLS needs no cryptography',
    'signaling.server.signed_tokens': 'a server without a secret needs no PyJWT',
}
"""
The modules that import within a function, and why.

In addition to `commands` and the four nodes, which check the libraries before they import them.
"""

ROS = {
    *('rclpy', 'rcl_interfaces', 'builtin_interfaces', 'cv_bridge', 'launch', 'launch_ros'),
    *('sensor_msgs', 'std_msgs', 'diagnostic_msgs', 'std_srvs'),
}
IMPORT_ALL = f"""
import importlib, pkgutil, sys
import webrtc_bridge

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in {ROS!r}:
            raise ModuleNotFoundError(name + ' is blocked', name=name)

sys.meta_path.insert(0, Blocked())
for module in pkgutil.walk_packages(webrtc_bridge.__path__, 'webrtc_bridge.'):
    if not module.name.startswith('webrtc_bridge.nodes'):
        importlib.import_module(module.name)
        print(module.name)
"""


def module_name(path: Path) -> str:
    parts = path.relative_to(PACKAGE).with_suffix('').parts
    return '.'.join(part for part in parts if part != '__init__')


def imports(path: Path) -> Iterator[str]:
    """Yield what the file imports of this package, without the package's name."""
    for node in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(node, ast.ImportFrom):
            assert node.level == 0, f'{path}: relative import'
            base = f'{node.module}.'.removeprefix('webrtc_bridge.')
            if f'{node.module}.' == base:
                continue
            names = [base + alias.name for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [
                alias.name.removeprefix('webrtc_bridge.')
                for alias in node.names
                if alias.name.startswith('webrtc_bridge.')
            ]
        else:
            continue
        yield from (name for name in names if name != '__version__')


def allowed(importer: str, imported: str) -> bool:
    if is_in(importer, 'nodes'):
        room = next((name for name in NODES if is_in(importer, name)), 'nodes')
        allowed_nodes = NODES.get(room, {'nodes'})
        return not is_in(imported, 'nodes') or any(is_in(imported, n) for n in allowed_nodes)
    layer = max((name for name in RULE if is_in(importer, name)), key=len, default=None)
    if layer is None:
        return not is_in(imported, 'nodes')
    return any(is_in(imported, name) for name in RULE[layer])


def is_in(module: str, name: str) -> bool:
    return f'{module}.'.startswith(f'{name}.')


def test_all_but_the_nodes_import_without_ros() -> None:
    done = subprocess.run(
        [sys.executable, '-c', IMPORT_ALL],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert 'webrtc_bridge.errors' in done.stdout.split()


@pytest.mark.parametrize('path', sorted(PACKAGE.rglob('*.py')), ids=module_name)
def test_a_module_imports_no_layer_above_it(path: Path) -> None:
    importer = module_name(path)
    forbidden = [name for name in imports(path) if not allowed(importer, name)]
    assert forbidden == []


def test_one_module_knows_the_structures_of_gstreamers_versions() -> None:
    files = [path for folder in (PACKAGE, TESTS, BENCHMARK) for path in folder.rglob('*.py')]
    takers = {
        path.name
        for path in files
        for node in ast.walk(ast.parse(path.read_text(encoding='utf-8')))
        if isinstance(node, ast.Attribute) and node.attr == 'get_structure'
    }
    assert takers == {'structures.py'}


@pytest.mark.parametrize('path', sorted((PACKAGE / 'media').rglob('*.py')), ids=module_name)
def test_media_serves_both_engines_and_imports_neither(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding='utf-8'))
    modules = {node.module or '' for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    modules |= {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    assert not {name.partition('.')[0] for name in modules} & {'aiortc', 'aioice', 'gi'}


@pytest.mark.parametrize('path', sorted((PACKAGE / 'peer').glob('*.py')), ids=module_name)
def test_a_session_imports_neither_engine(path: Path) -> None:
    body = ast.parse(path.read_text(encoding='utf-8')).body
    modules = {node.module or '' for node in body if isinstance(node, ast.ImportFrom)}
    modules |= {
        alias.name for node in body if isinstance(node, ast.Import) for alias in node.names
    }
    assert not {name.partition('.')[0] for name in modules} & {'aiortc', 'aioice', 'gi'}


def has_late_imports(path: Path) -> bool:
    tree = ast.parse(path.read_text(encoding='utf-8'))
    functions = (
        n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef | ast.AsyncFunctionDef)
    )
    imported = (ast.Import, ast.ImportFrom)
    return any(isinstance(n, imported) for function in functions for n in ast.walk(function))


def test_only_entry_points_and_what_is_optional_import_late() -> None:
    late = {module_name(path) for path in PACKAGE.rglob('*.py') if has_late_imports(path)}
    entry_point = re.compile(r'commands\.\w+|nodes\.\w+_node')
    assert {module for module in late if not entry_point.fullmatch(module)} == set(LATE)


def test_the_rule_forbids() -> None:
    assert allowed('peer.aiortc.peer', 'signaling.protocol.messages.Offer')
    assert not allowed('peer.aiortc.peer', 'signaling.client.client.SignalingClient')
    assert not allowed('peer.aiortc.patches.ice', 'peer.aiortc.ice_gathering.IceGathering')
    assert not allowed('media.capture.camera', 'peer.negotiation')
    assert not allowed('media.pixels.planes', 'media.capture.pattern.Pattern')
    assert not allowed('media.latest', 'media.rtp.broadcast')
    assert not allowed('signaling.client.client', 'signaling.server.server.SignalingServer')
    assert not allowed('signaling.broker.broker', 'signaling.secret_file.read_secret')
    assert not allowed('commands.demo', 'nodes.receiver_node')
    assert allowed('nodes.receiver_node', 'nodes.publishing.cameras.Cameras')
    assert not allowed('nodes.publishing.cameras', 'nodes.subscribing.topic_sender')
    assert not allowed('nodes.ros.node_program', 'nodes.receiver_node.PROGRAM')
