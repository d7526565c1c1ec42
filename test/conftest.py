"""Fixtures for all tests; those of one area are in its own conftest."""

import contextlib
import ctypes
import os
from collections.abc import AsyncIterator

import pytest
from support.programs import Program, Start, start_server
from support.ros.domains import claimed_domain

# Before anything imports rclpy: a graph of its own for each test process and its children, on this
# machine alone.
_claims = contextlib.ExitStack()
os.environ['ROS_DOMAIN_ID'] = str(_claims.enter_context(claimed_domain()))
os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'

# GStreamer brings libunwind along, for all libraries of this process. Fast DDS's exceptions, found
# by it and not by the compiler's own library, abort the process.
with contextlib.suppress(OSError):
    ctypes.CDLL('libgcc_s.so.1', ctypes.RTLD_GLOBAL)


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Return a coroutine function that starts `python` with arguments; killed after the test."""
    programs: list[Program] = []

    async def start_program(*arguments: str, **variables: str) -> Program:
        programs.append(await Program.start(*arguments, **variables))
        return programs[-1]

    yield start_program
    for program in programs:
        await program.kill()


@pytest.fixture
def start_module(start: Start) -> Start:
    """Return a coroutine function that starts a module of the package, by name."""

    async def start_by_name(module: str, *arguments: str, **variables: str) -> Program:
        return await start('-m', f'webrtc_bridge.{module}', *arguments, **variables)

    return start_by_name


@pytest.fixture
async def server(start_module: Start) -> Program:
    """Return a signaling server."""
    return await start_server(start_module)
