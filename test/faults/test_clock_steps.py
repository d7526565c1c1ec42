"""Wall clocks that are set while video flows: of the sender, the receiver and the server."""

import asyncio
import shutil
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from support.peers.senders import skip_unless_installed
from support.peers.watching import Seen, watching
from support.programs import Program, Start, start_server
from support.wall_clock import OwnClock, ProgramClock, ShimmedClock

from webrtc_bridge.media.capture.pattern import read_clock
from webrtc_bridge.media.frames import ReceivedFrame
from webrtc_bridge.media.pixels.planes import plane_pixels

HOUR, DAY = 3600.0, 86400.0
TIMES = (1.5, 0.0, HOUR, 0.0, 30 * DAY, 0.0)
'To which each clock is set, in seconds ahead of the true time.'

MS, SECOND = 1_000_000, 1_000_000_000
LARGEST_ERROR = 100 * MS
RIGHT_WITHIN = 5.0
FREEZE, FREEZE_OF_A_BUSY_MACHINE = 0.5, 2.0
'Seconds that pictures may be apart; a day that is walked through takes 18.'

IN_1970, IN_2037 = 600 - time.time(), 2_130_000_000 - time.time()


class Camera:
    """A receiver in this process that compares each stamp with the time in its picture."""

    def __init__(self, sender: ProgramClock, own: OwnClock) -> None:
        self._sender = sender
        self._own = own
        self.errors: list[int] = []

    def note(self, received: ReceivedFrame) -> None:
        drawn = read_clock(plane_pixels(received.picture.planes[0]))
        if drawn is not None:
            true_ns = drawn - self._sender.ahead_ns + self._own.ahead_ns
            self.errors.append(abs(received.stamp_ns - true_ns))

    async def right(self, seen: Seen) -> None:
        """Wait until the newest 5 stamps are right."""

        def is_right(_: Seen) -> bool:
            newest = self.errors[-5:]
            return len(newest) == 5 and max(newest) < LARGEST_ERROR

        self.errors.clear()
        await seen.wait_for(is_right, RIGHT_WITHIN)


@pytest.fixture
def clocks(tmp_path: Path) -> dict[str, ProgramClock]:
    return {name: ProgramClock(tmp_path / name) for name in ('sender', 'server')}


@pytest.fixture
def own_clock(monkeypatch: pytest.MonkeyPatch) -> OwnClock:
    return OwnClock(monkeypatch)


async def start_camera(start_module: Start, server: Program, clock: ProgramClock) -> Program:
    size = ('--width', '320', '--height', '240')
    return await start_module(
        'commands.webcam', '--server', server.url, '--id', 'front', '--source', 'test', *size,
        **clock.environment,
    )  # fmt: skip


@pytest.mark.parametrize(
    'freeze', [FREEZE_OF_A_BUSY_MACHINE, pytest.param(FREEZE, marks=pytest.mark.long)]
)
async def test_no_step_of_any_clock_freezes_the_video_or_spoils_its_stamps(
    start_module: Start, clocks: dict[str, ProgramClock], own_clock: OwnClock, freeze: float
) -> None:
    server = await start_server(start_module, **clocks['server'].environment)
    await start_camera(start_module, server, clocks['sender'])
    camera = Camera(clocks['sender'], own_clock)
    setters: dict[str, Callable[[float], None]] = {
        'sender': clocks['sender'].set,
        'receiver': own_clock.set,
        'server': clocks['server'].set,
    }
    async with watching(server.url, 'front', camera.note) as seen:
        await camera.right(seen)
        path = await seen.path()
        begin = time.monotonic()
        for name, set_clock in setters.items():
            for seconds in TIMES:
                set_clock(seconds)
                try:
                    await camera.right(seen)
                except TimeoutError:
                    newest = camera.errors[-5:]
                    pytest.fail(f'{name} set to {seconds}: off by {newest} ns')
        assert seen.longest_gap(begin) < freeze
        assert await seen.path() == path, 'another session'


@pytest.mark.parametrize(
    ('of_sender', 'of_receiver'), [(IN_1970, IN_2037), (IN_2037, IN_1970)], ids=['1970', '2037']
)
async def test_video_has_right_stamps_in_any_year(
    start_module: Start,
    clocks: dict[str, ProgramClock],
    own_clock: OwnClock,
    server: Program,
    of_sender: float,
    of_receiver: float,
) -> None:
    clocks['sender'].set(of_sender)
    own_clock.set(of_receiver)
    await start_camera(start_module, server, clocks['sender'])
    camera = Camera(clocks['sender'], own_clock)
    async with watching(server.url, 'front', camera.note) as seen:
        await seen.wait_for_more(1)
        await camera.right(seen)


@pytest.mark.parametrize('program', [pytest.param('webcam', marks=pytest.mark.long), 'gstreamer'])
async def test_no_step_of_the_clock_of_a_whole_program_spoils_stamps(
    start_module: Start, tmp_path: Path, own_clock: OwnClock, server: Program, program: str
) -> None:
    """The libraries' clocks are set as well; there is no time in GStreamer's picture."""
    skip_unless_installed(program)
    if shutil.which('cc') is None:
        pytest.skip('needs a C compiler')
    clock = ShimmedClock(tmp_path / 'sender')
    errors: list[int] = []

    def note(received: ReceivedFrame) -> None:
        errors.append(abs(time.time_ns() - received.stamp_ns))

    def is_right(_: Seen) -> bool:
        return len(errors) >= 5 and max(errors[-5:]) < 500 * MS

    await start_module(
        f'commands.{program}', '--server', server.url, '--id', 'front', '--source', 'test',
        **clock.environment,
    )  # fmt: skip
    async with watching(server.url, 'front', note) as seen:
        await seen.wait_for(is_right)
        begin = time.monotonic()
        for set_clock in (clock.set, own_clock.set):
            for seconds in (*TIMES, IN_1970, IN_2037, 0.0):
                set_clock(seconds)
                errors.clear()
                await seen.wait_for(is_right, RIGHT_WITHIN)
                async with asyncio.timeout(RIGHT_WITHIN):
                    while abs(await apart(seen) - (clock.ahead_ns - own_clock.ahead_ns)) > SECOND:
                        await seen.wait_for_more(1)
        assert seen.longest_gap(begin) < FREEZE_OF_A_BUSY_MACHINE


async def apart(seen: Seen) -> float:
    """Return how far the clocks are found to be apart, in nanoseconds."""
    return 1e6 * ((await seen.receiver.report()).clock_offset_ms or 0.0)
