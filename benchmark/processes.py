"""Run the programs of a pipeline as processes that end with a block."""

import asyncio
import contextlib
import json
import os
import re
import signal
import sys
from collections import deque
from pathlib import Path
from typing import Any

from benchmark.programs.report import MARK
from webrtc_bridge.errors import ProgramEndedError, WebrtcBridgeError

ROOT = Path(__file__).parents[1]

END_TIMEOUT = 2.0
'Seconds that programs have to end when the run ends, which may be by Ctrl-C.'

RESULT_TIMEOUT = 10.0
'Seconds that programs have to end if they still write their measurements.'

START_TIMEOUT = 40.0

KEPT_LINES = 1000
LONGEST_LINE = 1 << 24
TAIL = 12
'Lines of its log that are shown when a program fails.'


class CrashedError(ProgramEndedError):
    """A program ended unexpectedly; `tail` is the end of its log."""

    def __init__(self, program: str, status: int, tail: str) -> None:
        super().__init__(program, status)
        self.tail = tail

    def __str__(self) -> str:
        return f'{super().__str__()}; the end of its log:\n{self.tail}'


class SilentProgramError(WebrtcBridgeError):
    """`program` did not print an expected line in time; its output is in `log`."""

    def __init__(self, program: str, log: Path) -> None:
        super().__init__(program, log)
        self.program = program
        self.log = log

    def __str__(self) -> str:
        return f'{self.program} did not start in time, see {self.log}'


class Process:
    """A running program, whose stdout and stderr go to `log`."""

    def __init__(self, role: str, process: asyncio.subprocess.Process, log: Path) -> None:
        self.role = role
        self.pid = process.pid
        self._process = process
        self._log = log
        self._lines: deque[str] = deque(maxlen=KEPT_LINES)
        self._silent = False
        self._changed = asyncio.Condition()
        self._reading = asyncio.ensure_future(self._read())

    async def line(self, pattern: str, timeout: float = START_TIMEOUT) -> re.Match[str]:
        """
        Return the match of `pattern` in the first line that matches.

        Raises: ProgramEndedError, SilentProgramError.
        """
        try:
            return await asyncio.wait_for(self._search(re.compile(pattern)), timeout)
        except TimeoutError:
            raise SilentProgramError(self.role, self._log) from None

    async def result(self, timeout: float = START_TIMEOUT) -> Any:
        """
        Return the result that the program reports (see `programs/report.py`).

        Raises: ProgramEndedError, SilentProgramError.
        """
        return json.loads((await self.line(f'^{MARK}(.*)', timeout))[1])

    async def final_result(self) -> Any:
        """Ask the program to end, and return the result that it reports. Raises: as `result`."""
        self.terminate()
        return await self.result()

    def command(self, line: str) -> None:
        """Write a line to the program's stdin."""
        assert self._process.stdin is not None
        self._process.stdin.write(f'{line}\n'.encode())

    def check_running(self) -> None:
        """Raise ProgramEndedError unless the program is running."""
        if self._process.returncode is not None:
            raise self._crashed()

    def check_succeeded(self) -> None:
        """Raise ProgramEndedError unless the program ended with status 0."""
        if self._process.returncode != 0:
            raise self._crashed()

    def _crashed(self) -> CrashedError:
        tail = ''.join(list(self._lines)[-TAIL:])
        return CrashedError(self.role, self._process.returncode or 0, tail.rstrip())

    def terminate(self) -> None:
        """Ask the program and its children to end."""
        self._signal(signal.SIGTERM)

    def _signal(self, number: signal.Signals) -> None:
        # Its process group has the same id.
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, number)

    async def ended(self, timeout: float) -> None:
        """Wait until the program has ended; kill it after `timeout` seconds."""
        try:
            await asyncio.wait_for(self._process.wait(), timeout)
        except TimeoutError:
            self.kill()
            await self._process.wait()
        await self._reading

    def kill(self) -> None:
        """Kill the program and its children."""
        self._signal(signal.SIGKILL)

    async def _search(self, pattern: re.Pattern[str]) -> re.Match[str]:
        async with self._changed:
            while True:
                for text in self._lines:
                    if match := pattern.search(text):
                        return match
                if self._silent:
                    await self._process.wait()
                    raise self._crashed()
                await self._changed.wait()

    async def _read(self) -> None:
        assert self._process.stdout is not None
        with self._log.open('wb') as log:
            while line := await self._process.stdout.readline():
                log.write(line)
                async with self._changed:
                    self._lines.append(line.decode(errors='replace'))
                    self._changed.notify_all()
        async with self._changed:
            self._silent = True
            self._changed.notify_all()


class Processes:
    """
    Programs with a ROS graph of their own, which all end with an `async with` block.

    Their logs are files in `folder` whose names start with `label`.
    """

    def __init__(self, folder: Path, label: str, domain: int) -> None:
        self.running: dict[str, Process] = {}
        self._folder = folder
        self._label = label
        self._variables = variables(domain)

    async def __aenter__(self) -> 'Processes':
        return self

    async def __aexit__(self, *_: object) -> None:
        try:
            await self._end_all(END_TIMEOUT)
        finally:
            for process in self.running.values():
                process.kill()

    async def start(self, role: str, module: str, *arguments: str) -> Process:
        """Start `python -m module` with `arguments`; `role` is its name in the results."""
        created = await asyncio.create_subprocess_exec(
            sys.executable,
            '-m',
            module,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            limit=LONGEST_LINE,
            # A group of its own, so that it and its children can be measured and ended together.
            process_group=0,
            env={**os.environ, **self._variables},
        )
        process = Process(role, created, self._folder / f'{self._label}-{role}.log')
        self.running[role] = process
        return process

    async def end(self, role: str) -> None:
        """End the program of `role`."""
        process = self.running.pop(role)
        process.terminate()
        await process.ended(RESULT_TIMEOUT)

    async def end_all(self) -> None:
        """End all programs, and let them write their measurements."""
        await self._end_all(RESULT_TIMEOUT)

    async def _end_all(self, timeout: float) -> None:
        for process in self.running.values():
            process.terminate()
        await asyncio.gather(*(process.ended(timeout) for process in self.running.values()))

    def check_running(self) -> None:
        """Raise ProgramEndedError unless all programs are running."""
        for process in self.running.values():
            process.check_running()


def variables(domain: int) -> dict[str, str]:
    """Return the environment variables of programs on ROS domain `domain`."""
    # At the end, so that an installed webrtc_bridge is still the one that is measured.
    path = [*filter(None, [os.environ.get('PYTHONPATH')]), str(ROOT), str(ROOT / 'test')]
    return {
        'PYTHONPATH': os.pathsep.join(path),
        'PYTHONUNBUFFERED': '1',
        'ROS_DOMAIN_ID': str(domain),
        'ROS_AUTOMATIC_DISCOVERY_RANGE': 'LOCALHOST',
        'GST_DEBUG': '0',
    }
