"""
Attacks the signaling server at HOST PORT [SCHEME] until stdin ends; a process of its own.

Its token, if any, is in WEBRTC_BRIDGE_TOKEN.

It opens SLOW connections that never end their HTTP header, and says when all are cut; meanwhile
one client sends nonsense as fast as it can, and one frames that are too large, again and again.
"""

import asyncio
import contextlib
import os
import sys
from collections import Counter

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

SLOW = 500
LARGE = 'x' * 200_000
TOKEN = os.environ.get('WEBRTC_BRIDGE_TOKEN')
HEADERS = {'Authorization': f'Bearer {TOKEN}'} if TOKEN else {}


async def open_slowly(host: str, port: int) -> None:
    """Send an unfinished header; return when the connection is cut."""
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(b'GET / HTTP/1.1\r\nX: ')
    with contextlib.suppress(ConnectionError):
        await reader.read()
    writer.close()


async def open_many_slowly(host: str, port: int) -> None:
    await asyncio.gather(*(open_slowly(host, port) for _ in range(SLOW)))
    print(f'{SLOW} cut', flush=True)


async def flood(url: str, text: str, codes: Counter[int | None]) -> None:
    while True:
        with contextlib.suppress(OSError, WebSocketException):
            async with connect(url, compression=None, additional_headers=HEADERS) as socket:
                codes[await send_until_closed(socket, text)] += 1
        await asyncio.sleep(0)


async def send_until_closed(socket: ClientConnection, text: str) -> int | None:
    reading = asyncio.ensure_future(read_all(socket))
    with contextlib.suppress(ConnectionClosed):
        while True:
            await socket.send(text)
            await asyncio.sleep(0)
    await reading
    return socket.close_code


async def read_all(socket: ClientConnection) -> None:
    with contextlib.suppress(ConnectionClosed):
        async for _ in socket:
            pass


async def main(host: str, port: int, scheme: str = 'ws') -> None:
    codes: dict[str, Counter[int | None]] = {'x': Counter(), LARGE: Counter()}
    url = f'{scheme}://{host}:{port}/receiver'
    slow = asyncio.ensure_future(open_many_slowly(host, port))
    floods = [asyncio.ensure_future(flood(url, text, found)) for text, found in codes.items()]
    while not all(codes.values()):  # noqa: ASYNC110, nothing else tells
        await asyncio.sleep(0.01)
    print('under way', flush=True)
    await asyncio.to_thread(sys.stdin.readline)
    for task in (slow, *floods):
        task.cancel()
    await asyncio.gather(slow, *floods, return_exceptions=True)
    print('closed:', *(dict(found) for found in codes.values()), flush=True)


if __name__ == '__main__':
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), *sys.argv[3:]))
