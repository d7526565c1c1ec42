"""
Check that the libraries a program needs are installed in a suitable version.

An entry point calls these first and imports aiortc or rclpy only afterwards, so that a machine
without them gets one line instead of a traceback. Versions are read from the metadata of the
installed packages, which works even where the library itself cannot be imported.
"""

import importlib
import re
from importlib import metadata

from webrtc_bridge.errors import RequirementError

VERSIONS = {
    'aiohttp': '>=3.9',
    'aioice': '==0.13.*',
    'aiortc': '==1.16.*',
    'av': '==18.*',
    'cryptography': '>=38',
    'pyjwt': '>=2.4',
    'websockets': '>=13',
}
'The versions that setup.py requires of these libraries; a test compares the two.'

RCLPY = '>=7.1'
'The rclpy of ROS 2 Jazzy.'

IN_A_VENV = 'in a virtual environment (with ROS: made by python3 -m venv --system-site-packages)'
FIND_ROS = (
    'source /opt/ros/<distribution>/setup.bash, '
    "or without ROS: pip install 'ros-kilted-rclpy[fastrtps]' ros-kilted-sensor-msgs "
    'ros-kilted-diagnostic-msgs ros-kilted-std-srvs in a virtual environment'
)


def require_aiortc() -> None:
    """
    Check the libraries of a WebRTC session.

    Raises: RequirementError.
    """
    require('aiortc', 'aioice', 'av', 'websockets')


def require_aiohttp() -> None:
    """
    Check the libraries of the signaling server.

    Raises: RequirementError.
    """
    require('aiohttp')


def require(*libraries: str) -> None:
    """
    Check each of `libraries`, named as in `VERSIONS`.

    Raises: RequirementError for the first unsuitable one, with one command that installs all.
    """
    wanted = ' '.join(f"'{library}{VERSIONS[library]}'" for library in libraries)
    for library in libraries:
        found = installed_version(library)
        needed = VERSIONS[library]
        if found is None or not fits(found, needed):
            raise RequirementError(library, found, needed, f'pip install {wanted} {IN_A_VENV}')


def require_rclpy() -> None:
    """
    Check that rclpy can be imported and is that of ROS 2 Jazzy or newer.

    Raises: RequirementError.
    """
    found = installed_version('rclpy')
    try:
        importlib.import_module('rclpy')
    except ImportError as exc:
        # In a ROS sourced for another Python version, rclpy is found but its C extension is not.
        missing = isinstance(exc, ModuleNotFoundError) and exc.name == 'rclpy'
        reason = ' '.join(str(exc).split())
        found = None if missing else f'{found or "?"} (which cannot be imported: {reason})'
        raise RequirementError('rclpy', found, RCLPY, FIND_ROS) from exc
    if found is not None and not fits(found, RCLPY):
        raise RequirementError('rclpy', found, RCLPY, FIND_ROS)


def installed_version(library: str) -> str | None:
    """Return the installed version of `library`; None if it is missing."""
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return None


def fits(found: str, needed: str) -> bool:
    """Return whether version `found` satisfies `needed`, like '>=13' or '==1.16.*'."""
    have = numbers(found)
    want = numbers(needed)
    return have >= want if needed.startswith('>=') else have[: len(want)] == want


def numbers(version: str) -> tuple[int, ...]:
    """Return the leading numbers of `version`: (1, 16) for '==1.16.*', (3, 9) for '3.9rc1'."""
    found = re.search(r'\d+(\.\d+)*', version)
    return tuple(map(int, found[0].split('.'))) if found else ()
