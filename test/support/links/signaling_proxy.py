"""A proxy in front of a signaling server, for the peers whose media is to go through a relay."""

import asyncio
import json
import ssl
import urllib.error
import urllib.request
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from support.links.udp_relay import Side, UdpRelay
from websockets.asyncio.client import connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.datastructures import Headers
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.http11 import Request, Response
from websockets.typing import Subprotocol


def rewritten(text: str, side: Side, relay: UdpRelay) -> str:
    """Return a signaling message that `side` has sent, with doors of `relay` in it."""
    message: dict[str, Any] = json.loads(text)
    kind = message.get('type')
    if kind in ('offer', 'answer'):
        message[kind]['sdp'] = relay.rewrite_sdp(message[kind]['sdp'], side)
    elif kind == 'candidate' and message['candidate']:
        line = relay.rewrite_candidate(message['candidate']['candidate'], side)
        if not line:
            return ''
        message['candidate']['candidate'] = line
    return json.dumps(message)


def http_url(server_url: str) -> str:
    return server_url.rstrip('/').replace('ws', 'http', 1)


def offered(headers: Headers) -> list[Subprotocol]:
    """Return the subprotocols that a client offers; ours carry a browser's token."""
    words = ','.join(headers.get_all('Sec-WebSocket-Protocol')).split(',')
    return [Subprotocol(word.strip()) for word in words if word.strip()]


def page(server_url: str, path: str) -> Response:
    """Return the server's answer for a page or a part of one."""
    url = http_url(server_url) + path
    try:
        with urllib.request.urlopen(url) as answer:
            status, content, kind = answer.status, answer.read(), answer.headers['Content-Type']
    except urllib.error.HTTPError as error:
        status, content, kind = error.code, error.read(), 'text/plain'
    headers = {'Content-Type': kind, 'Content-Length': str(len(content)), 'Connection': 'close'}
    return Response(status, '', Headers(headers), content)


@asynccontextmanager
async def relayed_signaling(
    server_url: str, tls: ssl.SSLContext | None = None
) -> AsyncIterator[tuple[str, UdpRelay]]:
    """
    Yield another URL of the server, and the relay for the media of all who use that one.

    One of the two peers has to; it may be either, or both. The pages are there, too, unless the
    server has TLS, for which `tls` is the context.
    """
    relay = UdpRelay()

    async def handle(peer: ServerConnection) -> None:
        assert peer.request
        side = Side.SENDER if peer.request.path.startswith('/sender') else Side.RECEIVER
        headers = {
            name: value
            for name, value in peer.request.headers.raw_items()
            if name.lower() in ('authorization', 'origin')
        }
        if headers.get('Origin') == f'http://{peer.request.headers["Host"]}':
            headers['Origin'] = http_url(server_url)  # the page is the server's own
        try:
            async with connect(
                server_url.rstrip('/') + peer.request.path,
                additional_headers=headers,
                subprotocols=offered(peer.request.headers) or None,
                compression=None,
                proxy=None,
                ssl=tls,
            ) as server:
                await _either(
                    _pass_on(peer, server, side, relay), _pass_on(server, peer, side.other, relay)
                )
        except (OSError, WebSocketException):
            await peer.close(1012)

    async def pass_page_on(peer: ServerConnection, request: Request) -> Response | None:
        if 'Upgrade' in request.headers:
            return None
        return await asyncio.to_thread(page, server_url, request.path)

    async with serve(
        handle,
        '127.0.0.1',
        0,
        compression=None,
        process_request=pass_page_on,
        select_subprotocol=lambda peer, subprotocols: next(iter(subprotocols), None),
    ) as proxy:
        port = next(iter(proxy.sockets)).getsockname()[1]
        try:
            yield f'ws://127.0.0.1:{port}', relay
        finally:
            relay.close()


async def _pass_on(source: Any, target: Any, side: Side, relay: UdpRelay) -> None:
    try:
        async for text in source:
            if ready := rewritten(text, side, relay):
                await target.send(ready)
    except ConnectionClosed:
        return


async def _either(*work: Any) -> None:
    """Run all until the first one ends."""
    tasks = [asyncio.ensure_future(one) for one in work]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
