"""The WebSockets of peers: what they say goes to the broker, and what it wants is carried out."""

import asyncio
import contextlib
import logging
import time
from collections import deque
from collections.abc import Iterable

from aiohttp import WSMessage, WSMsgType, web

from webrtc_bridge.errors import MessageError, printable
from webrtc_bridge.options import SignalingOptions
from webrtc_bridge.program.cancellation import finish
from webrtc_bridge.signaling.broker.actions import Action, Close, Send
from webrtc_bridge.signaling.broker.broker import Broker
from webrtc_bridge.signaling.broker.rights import Rights
from webrtc_bridge.signaling.protocol.close_codes import CloseCode
from webrtc_bridge.signaling.protocol.messages import Role
from webrtc_bridge.signaling.protocol.wire import MAX_MESSAGE, register_of
from webrtc_bridge.signaling.server.admission import network_of
from webrtc_bridge.signaling.server.authentication import PROTOCOL
from webrtc_bridge.signaling.server.connection import Connection

READ_LIMIT = 4 * MAX_MESSAGE
"""
Bytes of a message that aiohttp accepts.

Above its limit aiohttp drops the connection with the rest unread, so that the peer often gets a
reset instead of the close code; a message that is a little too long is read and refused here.
"""

CLOSE_TIMEOUT = 1.7
'Seconds for closing all of them.'

logger = logging.getLogger(__name__)


class PeerSockets:
    """Serve peers as `broker` decides, in one event loop."""

    def __init__(self, broker: Broker, options: SignalingOptions) -> None:
        self.broker = broker
        self._options = options
        self._connections: dict[Connection, None] = {}
        self._opened = 0

    def __len__(self) -> int:
        """Return how many are open."""
        return len(self._connections)

    async def serve(
        self, request: web.Request, role: Role | None, rights: Rights
    ) -> web.StreamResponse:
        """Serve one peer until its socket is closed; without a `role` it has to register."""
        socket = web_socket()
        await socket.prepare(request)
        transport = request.transport
        if transport is None:
            return socket
        self._opened += 1
        queued = self._options.send_queue * 1024
        connection = Connection(socket, transport, self._opened, queued, loop_time())
        self._connections[connection] = None
        expires = loop_time() + rights.expires - time.time()
        address = network_of(request.remote or '')
        self.broker.connect(connection, loop_time(), rights, expires, address)
        try:
            if role is not None:
                await self._carry_out(self._register(connection, request, role))
            await self._read(connection, socket)
        finally:
            await finish(self._disconnect(connection))
            await finish(connection.aclose())
            del self._connections[connection]
        return socket

    async def run_clock(self) -> None:
        """Let the broker and the heartbeat do what is due, until cancelled."""
        heartbeat = self._options.heartbeat
        interval = min(1.0, heartbeat / 4, self._options.hello_timeout / 4)
        before = loop_time()
        while True:
            await asyncio.sleep(interval)
            now = loop_time()
            await self._carry_out(self.broker.tick(now))
            # After a pause of this process (SIGSTOP, a suspended laptop) the answers to the last
            # pings are still unread.
            if now - before < 2 * interval + 0.5:
                await self._beat(heartbeat, now)
            before = now

    async def close(self) -> None:
        """Close all with 1012."""
        for connection in self._connections:
            connection.close(CloseCode.RESTART, 'the server is stopping')
        closing = [asyncio.ensure_future(connection.aclose()) for connection in self._connections]
        if closing:
            await asyncio.wait(closing, timeout=CLOSE_TIMEOUT)

    def _register(self, connection: Connection, request: web.Request, role: Role) -> list[Action]:
        try:
            for key in ('id', 'name', 'takeover'):
                if len(request.query.getall(key, [])) > 1:
                    raise MessageError('duplicate_key', f'{key}: given twice', 'register')
            register = register_of(role, dict(request.query))
        except MessageError as error:
            return self.broker.refuse(connection, error, loop_time())
        return self.broker.register(connection, register, loop_time())

    async def _read(self, connection: Connection, socket: web.WebSocketResponse) -> None:
        while not connection.closing:
            message = await socket.receive()
            now = loop_time()
            connection.heard(now)
            if message.type is WSMsgType.TEXT:
                await self._receive(connection, message.data, now)
            elif message.type is WSMsgType.BINARY:
                connection.close(CloseCode.UNSUPPORTED, 'no binary messages')
            elif message.type in (WSMsgType.PING, WSMsgType.PONG):
                await self._control_frame(connection, socket, message)
            else:
                return

    async def _receive(self, connection: Connection, text: str, now: float) -> None:
        if len(text) > MAX_MESSAGE or (not text.isascii() and len(text.encode()) > MAX_MESSAGE):
            connection.close(CloseCode.TOO_LARGE, f'more than {MAX_MESSAGE} bytes')
            return
        if logger.isEnabledFor(logging.DEBUG):
            logger.debug('socket %d < %s', connection.number, printable(text, 1000))
        await self._carry_out(self.broker.receive(connection, text, now))

    async def _control_frame(
        self, connection: Connection, socket: web.WebSocketResponse, frame: WSMessage
    ) -> None:
        await self._carry_out(self.broker.control_frame(connection, loop_time()))
        if frame.type is WSMsgType.PING and not connection.closing:
            with contextlib.suppress(ConnectionError):
                await socket.pong(frame.data)

    async def _carry_out(self, actions: Iterable[Action]) -> None:
        """Do what the broker wants; never waits for a peer."""
        pending = deque(actions)
        while pending:
            action = pending.popleft()
            connection = action.connection
            assert isinstance(connection, Connection)
            if isinstance(action, Send):
                if not await connection.send(action.text):
                    pending.extend(self.broker.disconnect(connection, loop_time()))
            elif isinstance(action, Close):
                connection.close(action.code, action.reason)
            else:
                await connection.ping(loop_time())

    async def _disconnect(self, connection: Connection) -> None:
        await self._carry_out(self.broker.disconnect(connection, loop_time()))

    async def _beat(self, heartbeat: float, now: float) -> None:
        for connection in list(self._connections):
            if connection.pinged_at and now - connection.pinged_at >= heartbeat / 2:
                logger.info('socket %d missed its heartbeat', connection.number)
                connection.abort()
                await self._disconnect(connection)
            elif now - connection.heard_at >= heartbeat:
                await connection.ping(now)


def web_socket(close_timeout: float = 1.0) -> web.WebSocketResponse:
    """
    Return the server's end of a WebSocket, not yet prepared.

    When it is closed, the peer has `close_timeout` seconds to answer.
    """
    return web.WebSocketResponse(
        compress=False,
        autoping=False,
        timeout=close_timeout,
        max_msg_size=READ_LIMIT,
        protocols=(PROTOCOL,),
    )


def loop_time() -> float:
    """Return the time of the event loop (s)."""
    return asyncio.get_running_loop().time()
