"""The command `webrtc_bridge` as a person types it here."""

import os
import shlex
import shutil
import sys
from pathlib import Path

NAME = 'webrtc_bridge'


def own_command(arguments: str) -> str:
    """
    Return the command `webrtc_bridge` with `arguments`, as a shell of this environment finds it.

    pip puts it on the PATH, colcon where `ros2 run` finds it, and a clone has only the module.
    """
    if shutil.which(NAME):
        return f'{NAME} {arguments}'
    if is_in_workspace() and shutil.which('ros2'):
        return f'ros2 run {NAME} {NAME} {arguments}'
    return f'{shlex.quote(sys.executable)} -m {NAME} {arguments}'


def is_in_workspace() -> bool:
    """Return whether a sourced colcon workspace or ROS has the command."""
    prefixes = os.environ.get('AMENT_PREFIX_PATH', '').split(os.pathsep)
    return any(Path(prefix, 'lib', NAME, NAME).exists() for prefix in prefixes if prefix)
