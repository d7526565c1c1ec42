"""Peers that end their sessions soon after they asked for them."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from websockets.asyncio.client import ClientConnection, connect

LATEST = 0.050
'Seconds between a request and the latest bye.'


def delays(number: int) -> list[float]:
    """Return `number` delays from 0 to `LATEST`, in an order in which neighbours differ."""
    steps = max(1, number - 1)
    return [LATEST * ((7 * n) % number) / steps for n in range(number)]


async def request_and_leave(url: str, sender_id: str, number: int) -> None:
    """Ask `sender_id` for a session and say bye, `number` times."""
    for delay in delays(number):
        # Another receiver each time: one may not ask that often.
        async with connect(f'{url}/receiver') as socket:
            reading = asyncio.ensure_future(read_all(socket))
            await say(socket, type='request_offer', sender_id=sender_id)
            await asyncio.sleep(delay)
            await say(socket, type='bye', sender_id=sender_id)
            await socket.close()
            await asyncio.wait({reading})


async def offer_and_leave(url: str, sender_id: str, sdp: str, number: int) -> None:
    """Offer whoever asks `sender_id` a session and say bye, `number` times."""
    for delay in delays(number):
        # Registered again: a receiver asks such a sender at once.
        async with registered(url, sender_id) as socket:
            asked = await next_message(socket, 'request_offer')
            who = {key: asked[key] for key in ('receiver_id', 'session_id')}
            await say(socket, type='offer', offer={'type': 'offer', 'sdp': sdp}, **who)
            await asyncio.sleep(delay)
            await say(socket, type='bye', **who)


@asynccontextmanager
async def registered(url: str, sender_id: str) -> AsyncIterator[ClientConnection]:
    async with connect(f'{url}/sender?id={sender_id}') as socket:
        yield socket


async def say(socket: ClientConnection, **message: object) -> None:
    await socket.send(json.dumps(message))


async def next_message(socket: ClientConnection, kind: str) -> dict[str, str]:
    """Return the next message of type `kind`."""
    while True:
        message: dict[str, str] = json.loads(await socket.recv())
        if message['type'] == kind:
            return message


async def read_all(socket: ClientConnection) -> None:
    async for _ in socket:
        pass
