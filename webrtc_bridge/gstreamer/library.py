"""
GStreamer, through gi, or what to install where it is missing.

All modules of this folder take `Gst` and its relatives from here. They can be imported without
GStreamer, but nothing in them works before `require_gstreamer()` has returned.
"""

import asyncio
import ctypes
import importlib
import shlex
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias, TypeVar

from webrtc_bridge.errors import RequirementError
from webrtc_bridge.program.cancellation import within

Element: TypeAlias = Any
Pad: TypeAlias = Any
Structure: TypeAlias = Any
'gi has no types to check against.'

Gst: Any
GstSdp: Any
GstVideo: Any
GstWebRTC: Any
NAMESPACES = ('Gst', 'GstSdp', 'GstVideo', 'GstWebRTC')
try:
    import gi

    for _name in NAMESPACES:
        gi.require_version(_name, '1.0')
    Gst, GstSdp, GstVideo, GstWebRTC = (
        importlib.import_module(f'gi.repository.{name}') for name in NAMESPACES
    )
except (ImportError, ValueError):  # ValueError: gi is installed, but not that namespace
    Gst = GstSdp = GstVideo = GstWebRTC = None

T = TypeVar('T')

_threads: list[threading.Thread] = []

OLDEST = (1, 20)
"The first release whose `valve` lets a stream's format pass while it is closed."

BASE, GOOD, BAD, UGLY = (
    f'gstreamer1.0-plugins-{part}' for part in ('base', 'good', 'bad', 'ugly')
)
NICE = 'gstreamer1.0-nice'
PYTHON = ('python3-gst-1.0', 'gir1.2-gst-plugins-bad-1.0', BASE, GOOD, BAD, UGLY, NICE)
'Everything the sender needs, by the names of Debian and Ubuntu.'

PACKAGES = {
    **dict.fromkeys(('videoconvert', 'videoscale', 'videotestsrc'), BASE),
    **dict.fromkeys(('decodebin', 'uridecodebin'), BASE),
    **dict.fromkeys(('rtph264pay', 'rtph264depay', 'rtspsrc', 'v4l2src', 'udpsrc'), GOOD),
    **dict.fromkeys(('v4l2h264enc', 'jpegdec', 'rtpbin', 'souphttpsrc', 'vp8enc'), GOOD),
    **dict.fromkeys(('webrtcbin', 'h264parse', 'dtlssrtpenc', 'srtpenc', 'sctpenc'), BAD),
    **dict.fromkeys(('watchdog', 'openh264enc', 'vah264enc', 'nvh264enc', 'srtsrc'), BAD),
    'x264enc': UGLY,
    'nicesrc': NICE,
    'avdec_h264': 'gstreamer1.0-libav',
    'libcamerasrc': 'gstreamer1.0-libcamera',
    'aravissrc': 'libaravis-0.8-0',
}
MACOS = 'it comes with GStreamer for macOS: gstreamer.freedesktop.org/download'
INSTALLED_OTHERWISE = {
    'avfvideosrc': MACOS,
    'vtenc_h264': MACOS,
}

NEEDED = (
    *('videoconvert', 'videoscale', 'h264parse', 'watchdog', 'rtph264pay', 'webrtcbin'),
    *('nicesrc', 'dtlssrtpenc', 'srtpenc', 'sctpenc', 'rtpbin'),
)
'Elements of every sender, whatever its source and encoder.'


def require_gstreamer() -> None:
    """
    Check that GStreamer is installed, with everything a sender needs, and initialise it.

    Raises: RequirementError.
    """
    apt = f'sudo apt-get install {" ".join(PYTHON)}'
    needed = '.'.join(map(str, OLDEST)) + ' or newer'
    if Gst is None:
        in_a_venv = '(a virtual environment needs --system-site-packages)'
        raise RequirementError('GStreamer for Python', None, needed, f'{apt} {in_a_venv}')
    Gst.init(None)
    version = Gst.version()
    if (version.major, version.minor) < OLDEST:
        found = f'{version.major}.{version.minor}'
        raise RequirementError('GStreamer', found, needed, apt)
    require_elements(*NEEDED)


def require_elements(*names: str) -> None:
    """
    Check that GStreamer has the elements `names`.

    Raises: RequirementError for the first that is missing, with the package that has it.
    """
    for name in names:
        if Gst.ElementFactory.find(name) is None:
            package = PACKAGES.get(name)
            install = INSTALLED_OTHERWISE.get(name, 'gst-inspect-1.0 lists the installed elements')
            install = f'sudo apt-get install {package}' if package else install
            raise RequirementError(f'GStreamer element {name}', None, '', install)


def add_reference(thing: Any) -> None:
    """
    Add a reference to a GObject for an owner that has not taken its own.

    gi cannot: a newer one (PyGObject 3.58) drops what its `_ref` adds with the result of it.
    """
    # gi is linked with GLib, whatever that library is called here. The hash is the address.
    g_object_ref = ctypes.CDLL(gi._gi.__file__).g_object_ref
    g_object_ref.argtypes, g_object_ref.restype = (ctypes.c_void_p,), ctypes.c_void_p
    g_object_ref(hash(thing))


def warm_up() -> None:
    """
    Make the certificate of this process, which the first session would wait for. Blocks.

    GStreamer makes its RSA key for the first DTLS element, in about 0.3 s.
    """
    Gst.ElementFactory.make('dtlssrtpdec')
    Gst.ElementFactory.make('webrtcbin')


def element_names(description: str) -> Iterator[str]:
    """Yield the elements that a gst-launch description names, without caps and references."""
    try:
        words = shlex.split(description)
    except ValueError:  # quotes that do not close: gst_parse_launch reports them
        return
    for before, word in zip(['!', *words], words, strict=False):
        if before == '!' and word.replace('_', '').replace('-', '').isalnum():
            yield word


class Signals:
    """Handlers of elements' signals, which all end together."""

    def __init__(self) -> None:
        self._handlers: list[tuple[Element, int]] = []

    def connect(self, element: Element, signal: str, callback: Callable[..., Any]) -> None:
        """Call `callback` at each `signal` of `element`, in a thread of GStreamer."""
        self._handlers.append((element, element.connect(signal, callback)))

    def disconnect(self) -> None:
        """Call no handler any more, and keep no element; idempotent."""
        for element, handler in self._handlers:
            element.disconnect(handler)
        self._handlers.clear()


async def in_thread(work: Callable[[], T], timeout: float) -> T:
    """
    Return what `work()` returns, called in a thread of its own.

    A driver that hangs leaves that thread behind; it does not keep the program from ending.

    Raises: TimeoutError, and whatever `work` raises.
    """
    loop = asyncio.get_running_loop()
    result: asyncio.Future[T] = loop.create_future()

    def settle(value: T | None, error: Exception | None) -> None:
        if result.done():
            return
        if error is not None:
            result.set_exception(error)
        else:
            result.set_result(value)  # type: ignore[arg-type]

    def run() -> None:
        try:
            value, error = work(), None
        except Exception as caught:
            value, error = None, caught
        post(loop, settle, value, error)

    start_thread(run)
    return await within(result, timeout)


def start_thread(work: Callable[[], object]) -> None:
    """Call `work()`, which must not raise, in a thread that `join_threads` waits for."""
    thread = threading.Thread(target=work, name='gstreamer', daemon=True)
    _threads[:] = [*(other for other in _threads if other.is_alive()), thread]
    thread.start()


def join_threads(timeout: float) -> bool:
    """
    Wait for threads that are still at work; return whether all are done.

    Python must not exit while GStreamer works in one of its threads: that may crash.
    """
    end = time.monotonic() + timeout
    for thread in _threads:
        thread.join(max(0.0, end - time.monotonic()))
    return not any(thread.is_alive() for thread in _threads)


def post(
    loop: asyncio.AbstractEventLoop, callback: Callable[..., object], *arguments: Any
) -> None:
    """Call `callback(*arguments)` in `loop` from any thread, unless the loop has ended."""
    try:
        loop.call_soon_threadsafe(callback, *arguments)
    except RuntimeError:
        if not loop.is_closed():
            raise
