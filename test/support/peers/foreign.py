"""Peers with nothing of ours: the programs in test/interop/peers."""

import json
import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import pytest
from support.programs import Program

from webrtc_bridge.errors import RequirementError
from webrtc_bridge.gstreamer.library import require_gstreamer
from webrtc_bridge.media.capture.pattern import BARS

PEERS = Path(__file__).parents[2] / 'interop/peers'
MODULES = Path(__file__).parents[3] / 'build/interop'
'The packages of Node that `make test-interop` installs, next to a link to the programs.'

NODE = ('wrtc', 'werift', 'libdatachannel')
BROWSERS = ('chromium', 'firefox')
PYTHON = ('plain_aiortc', 'webrtcbin')

SIZE = (640, 480)
'Of the films of all.'

COLOURS = tuple(BARS.values())[:-1]
"""
Red, green and blue of the seven bars of foreign senders, which are GStreamer's `videotestsrc`: as
in our test pattern, but without the black one.
"""


@dataclass(frozen=True)
class Peer:
    """A foreign stack with a codec and its parameters, by which a test is called."""

    stack: str
    codec: str
    parameters: tuple[str, ...] = ()

    def __str__(self) -> str:
        values = (each.rpartition('=')[2] for each in self.parameters)
        return ' '.join((self.stack, self.codec, *values))

    def marked(self) -> Any:
        """Return this as a parameter of a test: what Node needs is left to `make test-interop`."""
        return pytest.param(self, id=str(self), marks=pytest.mark.interop)

    def command(self, page_port: int) -> list[str]:
        """Return the start of the command line; a browser's page is served at `page_port`."""
        if self.stack in NODE:
            programs = ('node', '--preserve-symlinks', '--preserve-symlinks-main')
            return [*programs, str(MODULES / f'peers/{self.stack}.mjs')]
        if self.stack in BROWSERS:
            return [sys.executable, str(PEERS / 'browser.py'), self.stack, str(page_port)]
        return [sys.executable, str(PEERS / f'{self.stack}.py')]

    def missing(self) -> str:
        """Return what this machine lacks for it; empty if it has all."""
        if self.stack in NODE:
            installed = shutil.which('node') and (MODULES / 'node_modules').is_dir()
            return '' if installed else 'needs what `make test-interop` installs'
        if self.stack in BROWSERS:
            names = (self.stack, f'{self.stack}-esr', f'{self.stack}-browser')
            return '' if any(map(shutil.which, names)) else f'needs {self.stack}'
        if self.stack == 'webrtcbin':
            try:
                require_gstreamer()
            except RequirementError as missing:
                return str(missing)
        return ''


StartPeer = Callable[[Peer, str, str], Awaitable[Program]]
'Starts a peer in a role, `send` or `view`, of the sender with an id.'


class Note(Protocol):
    """Adds a line to the figures of a run."""

    def __call__(
        self, what: str, first: float, fps: float, kbits: float = 0.0, full: float = 0.0
    ) -> None:
        """Add the seconds to the first picture and from it to full size, and the rates."""


@dataclass
class Sight:
    """One report of a foreign viewer about its pictures, after `at` seconds."""

    at: float
    frames: int
    width: int = 0
    height: int = 0
    bytes: int = 0
    colours: list[list[int]] = field(default_factory=list)


def sights(program: Program) -> list[Sight]:
    """Return what a foreign viewer has reported of its pictures."""
    words = (line.partition(' ') for line in program.lines)
    return [Sight(**json.loads(value)) for word, _, value in words if word == 'seen']


async def sight_after(program: Program, seconds: float, timeout: float = 40.0) -> Sight:
    """Return a viewer's first report from `seconds` after its first picture on."""
    while not (seen := sights(program)) or seen[-1].at < seen[0].at + seconds:
        await program.line('^seen ', after=len(program.lines), timeout=timeout)
    return next(one for one in seen if one.at >= seen[0].at + seconds)


def off(colours: Any, wanted: Any) -> int:
    """Return how far the worst channel of any of `colours` is from what is wanted."""
    pairs = zip(colours, wanted, strict=True)
    return max(abs(a - b) for one, other in pairs for a, b in zip(one, other, strict=True))


def columns(pixels: Any) -> list[int]:
    """Return the middles of the bars of a foreign sender's picture, an array."""
    width = pixels.shape[1]
    return [width * (2 * index + 1) // (2 * len(COLOURS)) for index in range(len(COLOURS))]
