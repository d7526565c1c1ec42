"""The command that messages name, where pip, colcon or nothing has installed it."""

import os
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

from webrtc_bridge import __version__
from webrtc_bridge.errors import UnprotectedError
from webrtc_bridge.program.own_command import own_command


def program(path: Path) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text('#!/bin/sh\n')
    path.chmod(0o755)
    return path


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Return a patch of an environment in which nothing is installed."""
    monkeypatch.setenv('PATH', '')
    monkeypatch.delenv('AMENT_PREFIX_PATH', raising=False)
    return monkeypatch


def test_what_is_on_the_path_is_named_plainly(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    bare.setenv('PATH', str(program(tmp_path / 'webrtc_bridge').parent))
    assert own_command('token') == 'webrtc_bridge token'
    assert 'with webrtc_bridge token --new-secret FILE,' in str(UnprotectedError('0.0.0.0'))


def test_what_a_workspace_has_is_run_by_ros2(bare: pytest.MonkeyPatch, tmp_path: Path) -> None:
    workspace = tmp_path / 'install'
    program(workspace / 'lib/webrtc_bridge/webrtc_bridge')
    bare.setenv('AMENT_PREFIX_PATH', os.pathsep.join(['/opt/ros/none', str(workspace)]))
    assert 'ros2' not in own_command('token')
    bare.setenv('PATH', str(program(tmp_path / 'ros/ros2').parent))
    assert own_command('token') == 'ros2 run webrtc_bridge webrtc_bridge token'
    expected = 'with ros2 run webrtc_bridge webrtc_bridge token --new-secret FILE,'
    assert expected in str(UnprotectedError('0.0.0.0'))


@pytest.mark.usefixtures('bare')
def test_without_either_the_module_can_be_run() -> None:
    command = shlex.split(own_command('--version'))
    assert command[0] == sys.executable
    done = subprocess.run(
        command,
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    assert done.stdout.strip() == __version__
