"""The tree of errors is the one in its docstring; what the system says becomes one line."""

import contextlib
import errno
import importlib
import importlib.util
import os
import pkgutil
import re
import socket
import ssl

import pytest

import webrtc_bridge
from webrtc_bridge import errors
from webrtc_bridge.errors import SourceError, WebrtcBridgeError, describe

LEVEL = 4
'Characters by which the tree is indented for each generation.'


def documented_tree() -> dict[str, str]:
    """Return the parent of each class in the docstring."""
    parents: dict[str, str] = {}
    ancestors = ['WebrtcBridgeError']
    for indent, name in re.findall(r'^([│├└─ ]{4,})(\w+) ', errors.__doc__ or '', re.MULTILINE):
        depth = len(indent) // LEVEL
        parents[name] = ancestors[depth - 1]
        ancestors[depth:] = [name]
    return parents


def real_tree(root: type[Exception]) -> dict[str, str]:
    parents: dict[str, str] = {}
    for child in root.__subclasses__():
        is_ours = child.__module__.startswith('webrtc_bridge.')
        if is_ours and not child.__name__.startswith('_'):
            parents |= {child.__name__: root.__name__, **real_tree(child)}
    return parents


def test_the_docstring_has_the_whole_tree() -> None:
    has_ros = importlib.util.find_spec('rclpy') is not None
    for module in pkgutil.walk_packages(webrtc_bridge.__path__, 'webrtc_bridge.'):
        if not module.name.startswith('webrtc_bridge.nodes'):
            importlib.import_module(module.name)
        elif has_ros:
            with contextlib.suppress(ImportError):  # the package launch is not installed
                importlib.import_module(module.name)
    documented, real = documented_tree(), real_tree(WebrtcBridgeError)
    if has_ros:
        assert real == documented
    else:
        assert real.items() <= documented.items()


@pytest.mark.parametrize(
    ('error', 'text'),
    [
        (OSError(errno.EACCES, 'Permission denied', '/home/secret'), 'permission denied'),
        (ConnectionRefusedError(errno.ECONNREFUSED, "Connect call failed ('::1', 1)"), 'refused'),
        (TimeoutError(), 'no answer in time'),
        (socket.gaierror(socket.EAI_NONAME, 'Name or service not known'), 'no such host'),
        (ssl.SSLError(1, '[SSL: WRONG_VERSION_NUMBER] wrong version number'), 'sslerror'),
        (OSError(errno.ENETUNREACH, ''), 'unreachable: no network interface leads there'),
        (OSError(errno.EADDRNOTAVAIL, ''), 'this machine does not have that address'),
        (OSError('Multiple exceptions: a, b'), 'Multiple exceptions: a, b'),
        (ValueError('two\nlines'), r'two\nlines'),
        (KeyError(), 'KeyError'),
        (SourceError('/dev/video0', 'in use'), 'in use'),
    ],
)
def test_errors_are_described_in_one_line(error: Exception, text: str) -> None:
    described = describe(error)
    assert described.endswith(text)
    assert os.linesep not in described
    assert 'secret' not in described
