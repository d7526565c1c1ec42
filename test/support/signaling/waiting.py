"""Wait for what must come, with a deadline."""

import asyncio
import json
from collections.abc import Callable
from typing import Any

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

DEADLINE = 20.0


async def until(condition: Callable[[], bool]) -> None:
    """Return as soon as `condition()` holds; fail after the deadline."""

    async def poll() -> None:
        while not condition():  # noqa: ASYNC110 - no event to wait for
            await asyncio.sleep(0.01)

    await asyncio.wait_for(poll(), DEADLINE)


async def read(socket: ClientConnection) -> dict[str, Any]:
    """Return the next message."""
    message = json.loads(await asyncio.wait_for(socket.recv(), DEADLINE))
    assert isinstance(message, dict)
    return message


async def close_code(socket: ClientConnection) -> int | None:
    """Read until the socket is closed; return the code."""

    async def drain() -> None:
        while True:
            await socket.recv()

    try:
        await asyncio.wait_for(drain(), DEADLINE)
    except ConnectionClosed:
        return socket.protocol.close_code
    return None
