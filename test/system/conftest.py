from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from programs import Program

Start = Callable[..., Awaitable[Program]]


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
    """Return a signaling server; its `url` is in the attribute."""
    return await start_server(start)


async def start_server(start: Start, port: int = 0) -> Program:
    program = await start('signaling_server', '--port', str(port))
    match = await program.line(r'serving on 127\.0\.0\.1:(\d+)')
    program.port = int(match[1])
    program.url = f'ws://127.0.0.1:{match[1]}'
    return program
