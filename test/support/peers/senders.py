"""Senders of all kinds, each a program of its own: ours, GStreamer's and Chromium's."""

from collections.abc import Awaitable, Callable

import pytest
from support.browser.chromium import PROGRAM
from support.programs import Program, Start

from webrtc_bridge.errors import RequirementError
from webrtc_bridge.gstreamer.library import require_gstreamer

SENDER_ID = 'front'

KINDS = ('aiortc h264', 'aiortc vp8', 'gstreamer', 'chromium')
StartSender = Callable[[str], Awaitable[None]]
'Starts a sender with the id `SENDER_ID`, of the kind that is given.'


def skip_unless_installed(kind: str) -> None:
    """Skip the test where what this kind of sender needs is not installed."""
    if kind == 'chromium' and PROGRAM is None:
        pytest.skip('needs chromium (Debian: apt-get install chromium)')
    if kind == 'gstreamer':
        try:
            require_gstreamer()
        except RequirementError as missing:
            pytest.skip(str(missing))


async def start_program(kind: str, start_module: Start, url: str) -> Program:
    """Start a sender of ours, or GStreamer's."""
    arguments = ['--server', url, '--id', SENDER_ID, '--source', 'test']
    if kind == 'gstreamer':
        sender = await start_module('commands.gstreamer', *arguments)
    else:
        codec = kind.removeprefix('aiortc ')
        sender = await start_module('commands.webcam', *arguments, '--codec', codec)
    await sender.line('registered')
    return sender
