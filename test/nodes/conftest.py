import asyncio
import contextlib
import itertools
import os
import random
import signal
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

import webrtc_bridge

# Without ROS the rest of the suite still runs.
collect_ignore_glob = [] if find_spec('rclpy') else ['test_*.py']

PACKAGE = str(Path(webrtc_bridge.__file__).parents[1])

DOMAINS = itertools.cycle(random.sample(range(1, 102), 101))


@pytest.fixture(autouse=True)
def own_domain(monkeypatch: pytest.MonkeyPatch) -> int:
    """Keep each test's nodes, in this process and in others, to themselves."""
    domain = next(DOMAINS)
    monkeypatch.setenv('ROS_DOMAIN_ID', str(domain))
    monkeypatch.setenv('ROS_AUTOMATIC_DISCOVERY_RANGE', 'LOCALHOST')
    return domain


@pytest.fixture
def make_node() -> Iterator[Callable[..., object]]:
    """Return a function that makes a node from a name and command-line arguments."""
    from webrtc_bridge.nodes.ros_thread import initialised, ros_node

    with contextlib.ExitStack() as stack:

        def make(name: str = 'a_node', *parameters: str) -> object:
            arguments = ['--ros-args']
            for parameter in parameters:
                arguments += ['-p', parameter]
            stack.enter_context(initialised(arguments))
            return stack.enter_context(ros_node(name))

        yield make


class Program:
    """A running `python -m module`, and what it wrote."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.lines: list[str] = []

    async def wait_for_line(self, text: str, timeout: float = 20.0) -> str:
        """Return the first line that holds `text`, of those to come."""

        async def read() -> str:
            assert self.process.stdout is not None
            while line := (await self.process.stdout.readline()).decode():
                self.lines.append(line.rstrip())
                if text in line:
                    return line
            raise AssertionError(f'{text!r} never came: {self.lines}')

        return await asyncio.wait_for(read(), timeout)

    async def ended(self, timeout: float = 20.0) -> int:
        """Return the exit status when the program has ended by itself."""
        rest, _ = await asyncio.wait_for(self.process.communicate(), timeout)
        self.lines += rest.decode().splitlines()
        return self.process.returncode

    async def stop(self, number: int = signal.SIGINT) -> int:
        """Send signal `number`; return the exit status, at most 3 s later."""
        self.process.send_signal(number)
        return await self.ended(timeout=3.0)


@pytest.fixture
async def start() -> Callable[..., object]:
    """Return a coroutine function that starts `python` with arguments; killed after the test."""
    started: list[Program] = []

    async def start_program(*arguments: str, **variables: str) -> Program:
        path = os.pathsep.join(filter(None, [PACKAGE, os.environ.get('PYTHONPATH')]))
        process = await asyncio.create_subprocess_exec(
            sys.executable,
            *arguments,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            env={**os.environ, 'PYTHONPATH': path, 'PYTHONUNBUFFERED': '1', **variables},
        )
        started.append(Program(process))
        return started[-1]

    yield start_program
    for program in started:
        if program.process.returncode is None:
            program.process.kill()
            await program.process.communicate()
