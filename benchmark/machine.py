"""The machine of a run."""

import os
import platform
import re
from importlib import metadata
from pathlib import Path

from webrtc_bridge import __version__
from webrtc_bridge.gstreamer.library import Gst

LIBRARIES = ('aiortc', 'av', 'aiohttp', 'uvloop', 'rclpy')

BUSY = 0.25
'Load per core above which other programs must be using the machine.'


def machine() -> dict[str, object]:
    """Return the properties that affect the results, for JSON."""
    return {
        'cpu': cpu_model(),
        'cores': os.cpu_count(),
        'load': os.getloadavg()[0],
        'system': platform.platform(),
        'versions': {
            'webrtc_bridge': __version__,
            'Python': platform.python_version(),
            **{name: installed for name in LIBRARIES if (installed := version(name))},
            **gstreamer(),
            'RMW': os.environ.get('RMW_IMPLEMENTATION', 'the default'),
        },
    }


def gstreamer() -> dict[str, str]:
    """Return the version of GStreamer, if it is installed."""
    if Gst is None:
        return {}
    # Constants do not need an initialised library.
    return {'GStreamer': f'{Gst.VERSION_MAJOR}.{Gst.VERSION_MINOR}.{Gst.VERSION_MICRO}'}


def is_busy() -> bool:
    """Return whether other programs use the machine so much that results are noisy."""
    return os.getloadavg()[0] > BUSY * (os.cpu_count() or 1)


def cpu_model() -> str:
    """Return the name of the processor."""
    match = re.search(r'^model name\s*: (.+)$', Path('/proc/cpuinfo').read_text(), re.MULTILINE)
    return match[1] if match else platform.machine()


def version(library: str) -> str:
    """Return the version of `library`; empty if it is not installed."""
    try:
        return metadata.version(library)
    except metadata.PackageNotFoundError:
        return ''
