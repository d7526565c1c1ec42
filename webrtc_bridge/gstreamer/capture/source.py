"""The elements that the text of `--source` stands for, and a check of their device. No gi."""

import contextlib
import os
import re
from dataclasses import dataclass
from fractions import Fraction

from webrtc_bridge.errors import OptionError, SourceError
from webrtc_bridge.media.capture import v4l2
from webrtc_bridge.media.capture.network.urls import normalized
from webrtc_bridge.options import GStreamerOptions
from webrtc_bridge.program.redaction import without_credentials

TEST = 'videotestsrc is-live=true pattern=smpte'
CAMERAS = ('v4l2src', 'avfvideosrc', 'libcamerasrc', 'videotestsrc')
'Elements that are asked for `DEFAULT` unless the options say otherwise.'

DEFAULT = (640, 480, 30.0)
EXPECTED = (
    'auto, test, a camera (/dev/video0, avfoundation:0), rtsp:// or rtsps://, '
    'or elements in the syntax of gst-launch-1.0 (webcam_sender plays files)'
)
RTSP = 'protocols=tcp latency=0 buffer-mode=synced tcp-timeout=5000000'
"""
Latency is the time to wait for packets that are out of order: over TCP none are. Without it,
rtpjitterbuffer takes any that is later than its time, as with B-frames, for the camera's clock to
have moved, unless it is to leave all times as they are, "synced" (rtpjitterbuffer.c,
calculate_skew).
"""

PATH = re.compile(r'(\.{0,2}|~)/|[^!=\s]+\.\w+$')
'The path of a file, perhaps without a folder; no element has a dot in its name.'

CAPS_AT_END = re.compile(r'!\s*[a-z-]+/[^!]*$')
URL = re.compile(r'\s*[A-Za-z][A-Za-z0-9+.-]*://')
PASSWORD = re.compile(
    r'((?:-pw|password|passphrase|secret|token)\s*=\s*(?:\([a-z]+\)\s*)?)'
    r'(?:"(?:\\.|[^"\\])*"?|\'(?:\\.|[^\'\\])*\'?|(?:\\.|\S)+)',
    re.DOTALL,
)
'A property with its value, which may be quoted and may hold spaces and escaped quotes.'

USER_INFO = re.compile(r'([A-Za-z][A-Za-z0-9+.-]*://)(?:\\.|[^"\\])*@', re.DOTALL)
'Greedy as in `redaction`, up to the quote that ends the URL.'


@dataclass(frozen=True)
class SourceDescription:
    """
    Elements in the syntax of gst-launch-1.0, and the caps that they are asked for.

    `shown` is the source without credentials; `caps` is empty if nothing is asked for. With
    `camera_times`, the times of its frames are a network camera's own, from any zero.
    """

    elements: str
    shown: str
    caps: str
    fps: float
    camera_times: bool = False


def describe(options: GStreamerOptions) -> SourceDescription:
    """
    Return the source that `options` ask for.

    Raises: OptionError if it cannot be a source.
    """
    source = options.source.strip()
    elements = TEST if source == 'test' else _elements(source)
    width, height, fps = options.width, options.height, options.fps
    if elements.split()[0] in CAMERAS and '!' not in elements:
        width, height, fps = width or DEFAULT[0], height or DEFAULT[1], fps or DEFAULT[2]
    caps = _caps(width, height, fps)
    return SourceDescription(elements, shown(source), caps, fps, is_rtsp(source))


def _elements(source: str) -> str:
    if source == 'auto':
        return first_camera()
    if match := re.fullmatch(r'avfoundation:(\d+)', source):
        return f'avfvideosrc device-index={match[1]}'
    if source.startswith('/dev/'):
        return f'v4l2src device={quoted(source)}'
    if is_rtsp(source):
        return f'rtspsrc location={quoted(normalized(source))} {RTSP}'
    if not source or source.startswith('!') or URL.match(source):
        raise OptionError('--source', shown(source), EXPECTED)
    # gst-launch would take it for a URI or for the name of an element.
    if PATH.match(source) or os.path.isfile(source):
        elements = f'filesrc location={quoted(os.path.expanduser(source))} ! decodebin'
        expected = f"--source '{elements}' for a file, or webcam_sender, which plays it in a loop"
        raise OptionError('--source', shown(source), expected)
    # gst-launch takes caps only between two elements.
    return f'{source} ! identity' if CAPS_AT_END.search(source) else source


def is_rtsp(source: str) -> bool:
    """Return whether `source` is the URL of an RTSP stream."""
    return re.match(r'rtsps?://', source, re.IGNORECASE) is not None


def first_camera() -> str:
    """Return the elements of the first usable V4L2 camera, or of the test picture."""
    for path in v4l2.cameras():
        with contextlib.suppress(SourceError):
            v4l2.check_device(path)
            return f'v4l2src device={path}'
    return TEST


def quoted(text: str) -> str:
    """Return `text` as one value of a gst-launch description."""
    escaped = text.replace('\\', '\\\\').replace('"', '\\"')
    return f'"{escaped}"'


def shown(text: str) -> str:
    """Return a source or message without credentials, in one line."""
    # Whole, before it is split: passwords hold spaces and quotes.
    if URL.match(text):
        return ' '.join(without_credentials(text.strip()).split())
    cut = USER_INFO.sub(r'\1', PASSWORD.sub(r'\1…', text))
    words = re.split(r'(\s+|")', ' '.join(cut.split()))
    return ''.join(_word_shown(word) for word in words)


def _word_shown(word: str) -> str:
    name, equals, value = word.partition('=')
    if equals and '://' in value and '://' not in name:
        return f'{name}={without_credentials(value)}'
    return without_credentials(word)


def _caps(width: int, height: int, fps: float) -> str:
    fields = [f'width={width}'] if width else []
    fields += [f'height={height}'] if height else []
    if fps:
        rate = Fraction(fps).limit_denominator(1001)
        fields.append(f'framerate={rate.numerator}/{rate.denominator}')
    if not fields:
        return ''
    # Uncompressed pictures are preferred; many cameras have high rates only as JPEG.
    kinds = ('video/x-raw', 'image/jpeg', 'video/x-h264')
    return ';'.join(','.join([kind, *fields]) for kind in kinds)


def check_device(source: SourceDescription) -> None:
    """
    Check the device that the elements name, if they name one.

    Raises: SourceNotFound, SourceForbidden, SourceUnreadable.
    """
    if match := re.search(r'\bdevice="?(/[^\s"]+)', source.elements):
        v4l2.check_device(match[1])
