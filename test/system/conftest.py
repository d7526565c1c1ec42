from collections.abc import AsyncIterator

import pytest
from programs import Program, Start, start_server


@pytest.fixture
async def start() -> AsyncIterator[Start]:
    """Return a coroutine function that starts a module as a program; killed after the test."""
    programs: list[Program] = []

    async def start_program(module: str, *arguments: str, **variables: str) -> Program:
        program = await Program.start(f'webrtc_bridge.{module}', *arguments, **variables)
        programs.append(program)
        return program

    yield start_program
    for program in programs:
        await program.kill()


@pytest.fixture
async def server(start: Start) -> Program:
    """Return a signaling server."""
    return await start_server(start)
