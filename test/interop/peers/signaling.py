"""A client's part of docs/protocol.md, with one session at a time."""

import asyncio
import json

from pictures import report
from websockets.asyncio.client import connect


async def join(role, url, sender_id, make_peer):
    """
    Register and take part in sessions.

    `make_peer(on_candidate)` returns a peer with the coroutine functions `offer()`, `answer(sdp)`,
    `accept(sdp)`, `candidate(candidate)` and `close()`. A viewer asks for `sender_id`; it is the
    id of a sender.
    """
    path = f'sender?id={sender_id}' if role == 'send' else 'receiver'
    async with connect(f'{url}/{path}') as socket:
        client = Client(socket, sender_id, make_peer)
        async for text in socket:
            try:
                await client.take(json.loads(text))
            except Exception as error:
                report('failed', repr(error))


class Client:
    """The one session, and the socket that introduces it."""

    def __init__(self, socket, sender_id, make_peer):
        self._socket = socket
        self._sender_id = sender_id
        self._make_peer = make_peer
        self._peer = None
        self._session = {}
        self._sending = None

    async def take(self, message):
        kind = message['type']
        if kind == 'registered':
            report('registered')
        elif kind == 'sender' and message['sender_id'] == self._sender_id and not self._peer:
            await self._send({'type': 'request_offer', 'sender_id': self._sender_id})
        elif kind == 'request_offer':
            await self._open(message, 'receiver_id')
            await self._describe('offer', await self._peer.offer())
        elif kind == 'offer':
            await self._open(message, 'sender_id')
            await self._describe('answer', await self._peer.answer(message['offer']['sdp']))
        elif kind == 'answer':
            await self._peer.accept(message['answer']['sdp'])
        elif kind == 'candidate' and message['candidate']:
            await self._peer.candidate(message['candidate'])
        elif kind in ('bye', 'error'):
            report(kind, message.get('reason') if kind == 'bye' else message)

    async def _open(self, message, party):
        if self._peer:
            await self._peer.close()
        self._session = {name: message[name] for name in (party, 'session_id')}
        self._peer = self._make_peer(self._on_candidate)

    async def _describe(self, kind, sdp):
        await self._send({'type': kind, kind: {'type': kind, 'sdp': sdp}, **self._session})

    async def _send(self, message):
        await self._socket.send(json.dumps(message))

    def _on_candidate(self, candidate):
        message = {'type': 'candidate', 'candidate': candidate, **self._session}
        self._sending = asyncio.ensure_future(self._send(message))
