"""A library that is missing, old or broken is reported in one line."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import webrtc_bridge
from webrtc_bridge.program.requirements import fits, numbers

ROOT = Path(webrtc_bridge.__file__).parents[1]
CHECK_RCLPY = """
import sys
from webrtc_bridge import errors
from webrtc_bridge.program import requirements
try:
    requirements.require_rclpy()
except errors.RequirementError as error:
    sys.exit(str(error))
"""


def python(*arguments: str, path: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run Python with this package, the standard library and what lies in `path`, no more."""
    folders = [str(folder) for folder in (path, ROOT) if folder]
    # Without -S the virtual environment's libraries would be there.
    return subprocess.run(
        [sys.executable, '-S', *arguments],
        env={**os.environ, 'PYTHONPATH': os.pathsep.join(folders)},
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def install(path: Path, name: str, version: str, code: str = '') -> None:
    """Install a library into the folder `path` as pip would."""
    package = path / name
    package.mkdir()
    (package / '__init__.py').write_text(code)
    metadata = path / f'{name}-{version}.dist-info'
    metadata.mkdir()
    (metadata / 'METADATA').write_text(
        f'Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n'
    )


@pytest.mark.parametrize(
    ('found', 'needed', 'fit'),
    [
        ('1.16.0', '==1.16.*', True),
        ('1.16.12', '==1.16.*', True),
        ('1.160.0', '==1.16.*', False),
        ('1.4.0', '==1.16.*', False),
        ('2.16', '==1.16.*', False),
        ('13.0', '>=13', True),
        ('10.4', '>=13', False),
        ('3.10.1', '>=3.9', True),
        ('9.1.2', '>=7.1', True),
        ('3.3.13', '>=7.1', False),
        ('unknown', '>=7.1', False),
    ],
)
def test_versions_are_compared_as_numbers(found: str, needed: str, fit: bool) -> None:
    assert fits(found, needed) is fit


def test_a_version_is_read_without_its_suffix() -> None:
    assert numbers('17.0.1rc2') == (17, 0, 1)


@pytest.mark.parametrize(
    ('command', 'line'),
    [
        ('signaling', "aiohttp not found, >=3.9 needed: pip install 'aiohttp>=3.9'"),
        ('webcam', "aiortc not found, ==1.16.* needed: pip install 'aiortc==1.16.*' 'aioice"),
        ('demo', 'rclpy not found, >=7.1 needed: source /opt/ros/'),
    ],
)
def test_a_missing_library_is_one_line(command: str, line: str) -> None:
    done = python('-m', 'webrtc_bridge', command)
    assert done.returncode == 3
    assert done.stderr.startswith(f'error: {line}')
    assert len(done.stderr.splitlines()) == 1


@pytest.mark.parametrize('command', ['signaling', 'webcam', 'demo'])
def test_help_needs_no_library(command: str) -> None:
    done = python('-m', 'webrtc_bridge', command, '--help')
    assert (done.returncode, done.stderr) == (0, '')
    assert '--log-level' in done.stdout


def test_an_old_aiortc_is_told_by_version_even_if_it_does_not_import(tmp_path: Path) -> None:
    install(tmp_path, 'aiortc', '1.4.0', 'raise ImportError("libvpx is missing")')
    done = python('-m', 'webrtc_bridge', 'webcam', path=tmp_path)
    assert done.returncode == 3
    assert done.stderr.startswith('error: aiortc 1.4.0 found, ==1.16.* needed: pip install ')
    assert len(done.stderr.splitlines()) == 1


def test_an_old_aioice_is_told_too(tmp_path: Path) -> None:
    install(tmp_path, 'aiortc', '1.16.0')
    install(tmp_path, 'aioice', '0.9.0')
    done = python('-m', 'webrtc_bridge', 'webcam', path=tmp_path)
    assert done.stderr.startswith('error: aioice 0.9.0 found, ==0.13.* needed: pip install ')


@pytest.mark.parametrize('node', ['signaling_node', 'receiver_node'])
def test_a_node_without_rclpy_says_so_in_one_line(node: str) -> None:
    done = python(
        '-c', f'import sys; from webrtc_bridge.nodes.{node} import main; sys.exit(main())'
    )
    assert done.returncode == 3
    assert ': rclpy not found, >=7.1 needed: source /opt/ros/' in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_the_rclpy_of_an_older_ros_is_refused(tmp_path: Path) -> None:
    install(tmp_path, 'rclpy', '3.3.13')
    done = python('-c', CHECK_RCLPY, path=tmp_path)
    assert done.stderr.startswith('rclpy 3.3.13 found, >=7.1 needed: source /opt/ros/')


def test_the_rclpy_of_another_python_is_told_with_its_reason(tmp_path: Path) -> None:
    install(tmp_path, 'rclpy', '7.1.5', 'import rclpy._rclpy_pybind11')
    done = python('-c', CHECK_RCLPY, path=tmp_path)
    assert done.returncode == 1
    assert "7.1.5 (which cannot be imported: No module named 'rclpy._rcl" in done.stderr


def test_a_fitting_rclpy_is_accepted(tmp_path: Path) -> None:
    install(tmp_path, 'rclpy', '7.1.5')
    done = python('-c', CHECK_RCLPY, path=tmp_path)
    assert (done.returncode, done.stderr) == (0, '')
