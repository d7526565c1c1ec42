"""A program ends by itself, by an error or by a signal, each with its exit status."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

HEAD = """
import asyncio, sys
from webrtc_bridge import errors
from webrtc_bridge.program import lifetime
"""
TAIL = """
sys.exit(lifetime.run(main))
"""
WAITS = """
async def main():
    try:
        print('ready', flush=True)
        await asyncio.sleep(600)
    finally:
        await asyncio.sleep(0.01)
        print('cleaned up', flush=True)
"""
IS_STUCK = """
lifetime.SHUTDOWN_TIMEOUT = 0.2

async def main():
    print('ready', flush=True)
    while True:
        try:
            await asyncio.sleep(600)
        except asyncio.CancelledError:
            pass
"""


@contextmanager
def program(main: str) -> Iterator[subprocess.Popen[str]]:
    """Run the program whose coroutine is `main`, until it is ready."""
    process = subprocess.Popen(
        [sys.executable, '-c', HEAD + main + TAIL],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


@pytest.mark.parametrize('number', [signal.SIGINT, signal.SIGTERM], ids=lambda n: n.name)
def test_a_signal_lets_it_clean_up_and_ends_it_with_0(number: signal.Signals) -> None:
    with program(WAITS) as process:
        assert process.stdout
        assert process.stdout.readline() == 'ready\n'
        process.send_signal(number)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, 'cleaned up\n', '')


def test_a_second_signal_changes_nothing() -> None:
    with program(WAITS) as process:
        assert process.stdout
        assert process.stdout.readline() == 'ready\n'
        os.kill(process.pid, signal.SIGINT)
        os.kill(process.pid, signal.SIGTERM)
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, 'cleaned up\n', '')


def test_one_that_does_not_stop_is_left() -> None:
    with program(IS_STUCK) as process:
        assert process.stdout
        assert process.stdout.readline() == 'ready\n'
        process.send_signal(signal.SIGTERM)
        _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert 'did not stop within 0.2 s of the signal' in err


@pytest.mark.parametrize(
    ('error', 'line', 'status'),
    [
        (
            "errors.OptionError('--fps', 0, 'more')",
            'error: --fps: 0 given, expected more\n',
            2,
        ),
        (
            "errors.ServeError('0.0.0.0', 80, 'permission denied')",
            'error: cannot listen on 0.0.0.0:80: permission denied\n',
            3,
        ),
    ],
)
def test_an_error_is_one_line_and_its_status(error: str, line: str, status: int) -> None:
    with program(f'async def main(): raise {error}') as process:
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (status, '', line)


def test_one_that_ends_by_itself_ends_with_0() -> None:
    with program('async def main(): await asyncio.sleep(0)') as process:
        out, err = process.communicate(timeout=20)
    assert (process.returncode, out, err) == (0, '', '')
