"""The installed files, and the places that must agree."""

import ast
import importlib.util
import os
import re
import subprocess
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from webrtc_bridge import __version__
from webrtc_bridge.program.requirements import VERSIONS

ROOT = Path(__file__).parents[1]
COMMANDS = {
    *('webrtc_bridge', 'webcam_sender', 'gstreamer_sender'),
    *('signaling_node', 'receiver_node', 'sender_node'),
}


@pytest.fixture
def setup_py(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return what setup.py gives to setup(), as attributes."""
    pytest.importorskip('setuptools')
    from distutils.core import run_setup

    monkeypatch.chdir(ROOT)
    monkeypatch.setattr(sys, 'argv', ['setup.py'])
    return run_setup('setup.py', stop_after='init')


def executables() -> Path:
    """Return where colcon put the executables; skip the test if it did not build them."""
    for prefix in os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep):
        if prefix and Path(prefix, 'share/webrtc_bridge/package.xml').exists():
            return Path(prefix, 'lib/webrtc_bridge')
    pytest.skip('only where colcon has built the package')


def test_package_xml_is_a_valid_ament_python_package() -> None:
    catkin_package = pytest.importorskip('catkin_pkg.package')
    warnings: list[str] = []
    package = catkin_package.parse_package(ROOT / 'package.xml', warnings=warnings)
    assert warnings == []
    assert package.get_build_type() == 'ament_python'
    assert package.name == 'webrtc_bridge'


def test_all_versions_agree(setup_py: Any) -> None:
    xml = re.search('<version>(.+)</version>', (ROOT / 'package.xml').read_text())
    assert xml
    assert xml[1] == setup_py.get_version() == __version__
    assert re.search(rf'^{re.escape(__version__)}\b', (ROOT / 'CHANGELOG.rst').read_text(), re.M)


def test_setup_py_asks_for_the_versions_that_programs_check(setup_py: Any) -> None:
    asked = dict(re.fullmatch(r'([\w-]+)(.*)', r).groups() for r in setup_py.install_requires)
    assert {library: asked[library] for library in VERSIONS} == VERSIONS


def test_every_command_has_its_main(setup_py: Any) -> None:
    entries = dict(line.split(' = ') for line in setup_py.entry_points['console_scripts'])
    assert set(entries) == COMMANDS
    for entry in entries.values():
        module, function = entry.split(':')
        # Not imported: the nodes need rclpy.
        spec = importlib.util.find_spec(module)
        assert spec, module
        assert spec.origin, module
        tree = ast.parse(Path(spec.origin).read_text(encoding='utf-8'))
        assert function in {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}, module


def test_launch_and_parameter_files_are_installed(setup_py: Any) -> None:
    files = {file for _, some in setup_py.data_files for file in some}
    for file in [*ROOT.glob('launch/*'), *ROOT.glob('config/*')]:
        if file.is_file():
            assert str(file.relative_to(ROOT)) in files


def test_colcon_puts_the_executables_where_ros2_run_looks() -> None:
    assert {path.name for path in executables().iterdir()} == COMMANDS


@pytest.mark.parametrize('command', ['webrtc_bridge', 'webcam_sender'])
def test_an_installed_command_prints_its_version(command: str) -> None:
    done = subprocess.run(
        [executables() / command, '--version'],
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert __version__ in done.stdout


@pytest.mark.skipif(not sys.flags.safe_path, reason='only where `make test` runs it')
def test_colcon_tests_what_it_has_built() -> None:
    prefix = executables().parents[1]
    import webrtc_bridge

    assert prefix in Path(webrtc_bridge.__file__).parents


@pytest.fixture
def write_tables() -> ModuleType:
    pytest.importorskip('yaml')
    spec = importlib.util.spec_from_file_location('write_tables', ROOT / 'tools/write_tables.py')
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_tables_of_parameters_are_those_of_the_option_table(write_tables: ModuleType) -> None:
    page = (ROOT / 'docs/parameters.md').read_text(encoding='utf-8')
    assert '| `sender_id` |' in page
    assert page == write_tables.with_tables(page), 'python tools/write_tables.py writes it'


def test_parameter_files_are_those_of_the_option_table(write_tables: ModuleType) -> None:
    for name in write_tables.NODES:
        file = ROOT / 'config' / f'{name}.yaml'
        assert file.read_text(encoding='utf-8') == write_tables.parameter_file(name), (
            'python tools/write_tables.py writes it'
        )
