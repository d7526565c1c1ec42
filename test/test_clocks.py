"""
Intervals are measured by the monotonic clock, which nobody sets.

Wall time is for what is told to somebody; the modules that read it are listed here, each with
whom it tells.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import webrtc_bridge

PACKAGE = Path(webrtc_bridge.__file__).parent

WALL_TIME = {
    'commands/token.py': 'until when a token is valid',
    'doctor/server_checks.py': 'how long a certificate is valid, and how far clocks are apart',
    'gstreamer/peer/certificate.py': 'from when to when a certificate is valid',
    'media/capture/file_source.py': 'when a picture was captured',
    'media/capture/network/snapshot_source.py': 'when a picture was captured',
    'media/capture/pattern_source.py': 'when a picture was drawn',
    'media/wall_clock.py': 'both clocks at once, to relate them',
    'nodes/ros/shared_memory.py': 'the age of a file',
    'nodes/ros/stamps.py': 'when an image without a stamp came',
    'peer/aiortc/patches/receiving/encoded_frames.py': 'when a frame arrived',
    'peer/clock_channel.py': 'what the clock of this machine shows',
    'receiving/delivery.py': 'how long ago a picture was captured',
    'signaling/server/ice_servers.py': 'until when a password for TURN is valid',
    'signaling/server/peer_sockets.py': 'until when a token is valid',
    'signaling/server/self_signed.py': 'from when to when a certificate is valid',
    'signaling/server/server.py': 'what the clock of this machine shows',
    'signaling/server/server_certificate.py': 'how long a certificate is valid',
}

READ_WALL_TIME = re.compile(
    r'time\.(time|time_ns)|(datetime\.)?datetime\.(now|utcnow|today)|(datetime\.)?date\.today'
    r'|time\.clock_gettime(_ns)?|time\.(ctime|asctime)'
)
'Names that do, called or passed on; `clock_gettime` may.'


def wall_times(source: str) -> Iterator[str]:
    """Yield the names in a module by which it reads the wall clock."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute):
            name = ast.unparse(node)
            if READ_WALL_TIME.fullmatch(name):
                yield name
        elif isinstance(node, ast.ImportFrom) and node.module == 'time':
            yield from (f'from time import {alias.name}' for alias in node.names)


@pytest.mark.parametrize(
    'source',
    [
        'time.time()',
        'x = Thing(now=time.time)',
        'time.time_ns()',
        'datetime.now(UTC)',
        'datetime.datetime.utcnow()',
        'time.clock_gettime(time.CLOCK_REALTIME)',
        'from time import time',
    ],
)
def test_reading_the_wall_clock_is_found(source: str) -> None:
    assert list(wall_times(source))


@pytest.mark.parametrize('source', ['time.monotonic()', 'loop.time()', 'clock.time_ns(timestamp)'])
def test_reading_another_clock_is_not(source: str) -> None:
    assert not list(wall_times(source))


def test_only_what_tells_somebody_the_time_reads_the_wall_clock() -> None:
    found = {
        str(path.relative_to(PACKAGE))
        for path in PACKAGE.rglob('*.py')
        if list(wall_times(path.read_text('utf-8')))
    }
    assert found - WALL_TIME.keys() == set(), 'use time.monotonic(), or say here whom it tells'
    assert WALL_TIME.keys() - found == set(), 'no longer'


def test_the_pages_read_the_wall_clock_once_when_they_are_loaded() -> None:
    """Their Unix time goes on by `performance.now()`, whoever sets the clock."""
    for path in (PACKAGE / 'viewer').rglob('*.js'):
        if path.name == 'snapshot.js':
            continue  # names a file by the time
        assert not re.search(r'\bDate\.now\(|new Date\(\)', path.read_text('utf-8')), path
