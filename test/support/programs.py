"""Programs under test, as processes of their own."""

import asyncio
import os
import re
import signal
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import webrtc_bridge

PACKAGE = str(Path(webrtc_bridge.__file__).parents[1])
'The folder of the package under test: a build is elsewhere than its source.'

SUPPORT = Path(__file__).parent
'The folder of helpers; some of them are run as programs of their own.'


class Program:
    """A running program; what it prints, on either stream, is kept in `lines`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []
        self.port = 0
        self.url = ''
        self._changed = asyncio.Condition()
        self._reading = asyncio.ensure_future(self._read())

    @classmethod
    async def start(cls, *arguments: str, **variables: str) -> 'Program':
        """Start `python` with `arguments`; `variables` are added to its environment."""
        path = os.pathsep.join(filter(None, [PACKAGE, os.environ.get('PYTHONPATH')]))
        variables = {'PYTHONPATH': path, 'PYTHONUNBUFFERED': '1', **variables}
        return await cls.run(sys.executable, *arguments, **variables)

    @classmethod
    async def run(cls, *command: str, **variables: str) -> 'Program':
        """Start any program; `variables` are added to its environment."""
        process = await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            process_group=0,
            env={**os.environ, **variables},
        )
        return cls(process)

    async def line(self, pattern: str, *, after: int = 0, timeout: float = 20.0) -> re.Match[str]:
        """Return the match of `pattern` in the first line from number `after` on that has one."""

        async def search() -> re.Match[str]:
            async with self._changed:
                while True:
                    for text in self.lines[after:]:
                        if match := re.search(pattern, text):
                            return match
                    assert not self._reading.done(), f'{pattern!r} never came: {self.output}'
                    await self._changed.wait()

        try:
            return await asyncio.wait_for(search(), timeout)
        except TimeoutError:
            raise AssertionError(f'{pattern!r} did not come in time: {self.output}') from None

    async def wait_for_line(self, text: str) -> str:
        """Return the first line that holds `text`."""
        return (await self.line(f'.*{re.escape(text)}.*'))[0]

    @property
    def output(self) -> str:
        return '\n'.join(self.lines)

    async def ended(self, timeout: float = 20.0) -> int:
        """Return the exit status, once it has ended by itself."""
        try:
            status = await asyncio.wait_for(self.process.wait(), timeout)
        except TimeoutError:
            raise AssertionError(f'not ended after {timeout} s: {self.output}') from None
        await self._reading
        return status

    async def stop(self, number: int = signal.SIGTERM, timeout: float = 20.0) -> int:
        """Send it signal `number`; return the exit status."""
        self.process.send_signal(number)
        return await self.ended(timeout)

    async def kill(self) -> None:
        """End it at once, if it has not ended, and all that it has started."""
        if self.process.returncode is None:
            os.killpg(self.process.pid, signal.SIGKILL)
        await self.process.wait()
        await self._reading

    async def _read(self) -> None:
        assert self.process.stdout is not None
        while line := await self.process.stdout.readline():
            async with self._changed:
                self.lines.append(line.decode(errors='replace').rstrip())
                self._changed.notify_all()
        async with self._changed:
            self._changed.notify_all()


Start = Callable[..., Awaitable[Program]]
'Starts a program, as `Program.start` does, that is killed after the test.'


async def start_server(
    start: Start, port: int = 0, *flags: str, scheme: str = 'ws', **variables: str
) -> Program:
    """Start a signaling server; its `port` and `url` are attributes of the program."""
    program = await start('commands.signaling', '--port', str(port), *flags, **variables)
    match = await program.line(r'serving on 127\.0\.0\.1:(\d+)')
    program.port = int(match[1])
    program.url = f'{scheme}://127.0.0.1:{match[1]}'
    return program
