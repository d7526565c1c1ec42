"""
The signaling server: HTTP and WebSocket on one port, carrying out what the broker decides.

Everything here runs in one event loop.
"""

import asyncio
import contextlib
import enum
import logging
import time
from collections import deque
from collections.abc import Iterable
from types import TracebackType

from aiohttp import WSMessage, WSMsgType, web

from webrtc_bridge import __version__
from webrtc_bridge.errors import MessageError, printable
from webrtc_bridge.options import SignalingOptions
from webrtc_bridge.signaling.broker.actions import Action, Close, Send
from webrtc_bridge.signaling.broker.broker import Broker
from webrtc_bridge.signaling.broker.limits import Limits
from webrtc_bridge.signaling.broker.rights import Rights
from webrtc_bridge.signaling.protocol.close_codes import CloseCode
from webrtc_bridge.signaling.protocol.messages import Role
from webrtc_bridge.signaling.protocol.wire import MAX_MESSAGE, register_of
from webrtc_bridge.signaling.server.admission import Admission, may_connect, sockets_within_files
from webrtc_bridge.signaling.server.authentication import (
    PROTOCOL,
    Authentication,
    AuthThrottle,
    is_page,
    read_server_secret,
)
from webrtc_bridge.signaling.server.connection import Connection
from webrtc_bridge.signaling.server.handshake_guard import PendingConnections
from webrtc_bridge.signaling.server.http_pages import add_pages, http_logger
from webrtc_bridge.signaling.server.ice_servers import IceServers, secret_of_environment
from webrtc_bridge.signaling.server.listen import is_local, listen, url_of
from webrtc_bridge.signaling.server.server_certificate import server_context
from webrtc_bridge.signaling.server.signed_tokens import NoTokenError, TokenError

READ_LIMIT = 4 * MAX_MESSAGE
"""
Bytes of a message that aiohttp takes.

Above its limit aiohttp drops the connection with the rest unread, so that the peer often gets a
reset instead of the close code; what is a little too long is read and refused here.
"""

CLOSE_TIMEOUT = 1.7
'Seconds for closing everything.'

logger = logging.getLogger(__name__)


class State(enum.Enum):
    """Where a server is in its life."""

    NEW = 'new'
    SERVING = 'serving'
    CLOSED = 'closed'


class SignalingServer:
    """
    One server; `async with` starts and closes it.

    `port` is the real port and `url` what to connect to, once started.
    """

    def __init__(self, options: SignalingOptions) -> None:
        self._options = options
        self._state = State.NEW
        self._broker = Broker()
        self._admission = Admission(options.max_sockets, options.max_sockets_per_address)
        self._authentication = Authentication('')
        self._scheme = 'ws'
        self._penalties = AuthThrottle()
        self._connections: dict[Connection, None] = {}
        self._opened = 0
        self._runner: web.AppRunner | None = None
        self._room: PendingConnections | None = None
        self._listener: asyncio.Server | None = None
        self._ticker: asyncio.Task[None] | None = None
        self.port = 0

    async def __aenter__(self) -> 'SignalingServer':
        await self.start()
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def url(self) -> str:
        """The URL at which this machine reaches the server."""
        return url_of(self._scheme, self._options.host, self.port)

    async def start(self) -> None:
        """
        Listen, and serve until `close()`.

        Raises: OptionError, RequirementError, ServeError, UnprotectedError.
        """
        options = self._options
        secret = read_server_secret('secret_file', options.secret_file)
        self._authentication = Authentication(secret)
        tls = server_context(options)
        self._scheme = 'wss' if tls else 'ws'
        ice_servers = IceServers(
            options.ice_servers,
            options.ice_servers_file,
            secret_of_environment(),
            options.turn_lifetime,
        )
        limits = Limits(
            hello_timeout=options.hello_timeout,
            message_rate=options.message_rate,
            message_burst=5 * options.message_rate,
            ice_servers_renewal=options.turn_lifetime / 2 if ice_servers.expire else 0.0,
        )
        self._broker = Broker(limits, ice_servers.for_peer)
        sockets, waiting = sockets_within_files(options.max_sockets)
        self._admission = Admission(sockets, options.max_sockets_per_address)
        self._runner = web.AppRunner(
            self._app(),
            access_log=None,
            logger=http_logger,
            lingering_time=1.0,
            shutdown_timeout=0.1,
        )
        await self._runner.setup()
        try:
            assert self._runner.server is not None
            self._room = PendingConnections(
                self._runner.server, options.hello_timeout, waiting, tls
            )
            exposed = bool(secret) or options.allow_anonymous
            self._listener = await listen(self._room, options.host, options.port, exposed=exposed)
        except BaseException:
            await self._runner.cleanup()
            raise
        self.port = self._listener.sockets[0].getsockname()[1]
        self._ticker = asyncio.ensure_future(self._tick())
        self._set_state(State.SERVING)
        if is_local(self._listener):
            return
        if not secret:
            logger.warning('everybody who reaches %s:%d may watch', options.host, self.port)
        elif tls is None:
            logger.warning('tokens cross the network readable for all: use TLS, here or before it')

    async def close(self) -> None:
        """Close every socket with 1012 and stop listening, within 2 s; again does nothing."""
        if self._state is not State.SERVING:
            return
        self._set_state(State.CLOSED)
        assert self._listener is not None
        assert self._room is not None
        assert self._ticker is not None
        assert self._runner is not None
        self._listener.close()
        await self._room.close()
        self._ticker.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await self._ticker
        for connection in self._connections:
            connection.close(CloseCode.RESTART, 'the server restarts')
        closing = [asyncio.ensure_future(one.aclose()) for one in self._connections]
        if closing:
            await asyncio.wait(closing, timeout=CLOSE_TIMEOUT)
        await self._runner.cleanup()

    def _set_state(self, state: State) -> None:
        self._state = state
        logger.info('signaling server %s on %s:%d', state.value, self._options.host, self.port)

    def _app(self) -> web.Application:
        app = web.Application()
        add_pages(app, self._options.allowed_origins)
        app.router.add_get('/healthz', self._health)
        app.router.add_get('/ws', self._any_peer)
        app.router.add_get('/sender', self._sender)
        app.router.add_get('/receiver', self._receiver)
        return app

    async def _health(self, request: web.Request) -> web.Response:
        return web.json_response(
            {
                'status': 'ok',
                'version': __version__,
                'time': time.time(),
                'senders': self._broker.count(Role.SENDER),
                'receivers': self._broker.count(Role.RECEIVER),
                'sessions': self._broker.sessions,
            }
        )

    async def _any_peer(self, request: web.Request) -> web.StreamResponse:
        return await self._admit(request, None)

    async def _sender(self, request: web.Request) -> web.StreamResponse:
        return await self._admit(request, Role.SENDER)

    async def _receiver(self, request: web.Request) -> web.StreamResponse:
        return await self._admit(request, Role.RECEIVER)

    async def _admit(self, request: web.Request, role: Role | None) -> web.StreamResponse:
        origin, host = request.headers.get('Origin'), request.headers.get('Host', '')
        allowed = self._options.allowed_origins
        if not may_connect(origin, host, allowed, any_name=self._authentication.is_on):
            logger.info('refused a page of %s, not among allowed_origins', printable(origin))
            raise web.HTTPForbidden(text='pages of that origin may not connect\n')
        address = request.remote or ''
        if self._state is not State.SERVING or not self._admission.enter(address):
            raise web.HTTPServiceUnavailable(text='full\n', headers={'Retry-After': '5'})
        try:
            rights = self._authentication.check(request.headers)
            return await self._serve(request, role, rights)
        except TokenError as error:
            key = f', {error.key}' if error.key else ''
            logger.info('refused %s: %s%s', address, error, key)
            if isinstance(error, NoTokenError):
                return await self._refuse(request, error)
            async with self._penalties.wait(address) as waited:
                if not waited:
                    raise web.HTTPTooManyRequests(text='too many wrong tokens\n') from None
                return await self._refuse(request, error)
        finally:
            self._admission.leave(address)

    async def _refuse(self, request: web.Request, error: TokenError) -> web.StreamResponse:
        if is_page(request.headers):
            # A page is never told the status of a handshake that fails.
            socket = _web_socket()
            await socket.prepare(request)
            await socket.close(code=CloseCode.POLICY, message=str(error).encode())
            return socket
        raise web.HTTPUnauthorized(text=f'{error}\n', headers={'WWW-Authenticate': 'Bearer'})

    async def _serve(
        self, request: web.Request, role: Role | None, rights: Rights
    ) -> web.StreamResponse:
        socket = _web_socket()
        await socket.prepare(request)
        transport = request.transport
        if transport is None:
            return socket
        self._opened += 1
        queued = self._options.send_queue * 1024
        connection = Connection(socket, transport, self._opened, queued, self._now())
        self._connections[connection] = None
        expires = self._now() + rights.expires - time.time()
        self._broker.connect(connection, self._now(), rights, expires)
        try:
            if role is not None:
                await self._carry_out(self._hello(connection, request, role))
            await self._read(connection, socket)
        finally:
            await self._gone(connection)
            await connection.aclose()
            del self._connections[connection]
        return socket

    def _hello(self, connection: Connection, request: web.Request, role: Role) -> list[Action]:
        try:
            for key in ('id', 'name', 'takeover'):
                if len(request.query.getall(key, [])) > 1:
                    raise MessageError('duplicate_key', f'{key}: given twice', 'register')
            register = register_of(role, dict(request.query))
        except MessageError as error:
            return self._broker.refuse(connection, error, self._now())
        return self._broker.register(connection, register, self._now())

    async def _read(self, connection: Connection, socket: web.WebSocketResponse) -> None:
        while not connection.closing:
            message = await socket.receive()
            now = self._now()
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
        await self._carry_out(self._broker.receive(connection, text, now))

    async def _control_frame(
        self, connection: Connection, socket: web.WebSocketResponse, frame: WSMessage
    ) -> None:
        await self._carry_out(self._broker.control_frame(connection, self._now()))
        if frame.type is WSMsgType.PING and not connection.closing:
            with contextlib.suppress(ConnectionError):
                await socket.pong(frame.data)

    async def _carry_out(self, actions: Iterable[Action]) -> None:
        """Do what the broker wants; it never waits for a peer."""
        todo = deque(actions)
        while todo:
            action = todo.popleft()
            connection = action.connection
            assert isinstance(connection, Connection)
            if isinstance(action, Send):
                if not await connection.send(action.text):
                    todo.extend(self._broker.disconnect(connection, self._now()))
            elif isinstance(action, Close):
                connection.close(action.code, action.reason)
            else:
                await connection.ping(self._now())

    async def _gone(self, connection: Connection) -> None:
        await self._carry_out(self._broker.disconnect(connection, self._now()))

    async def _tick(self) -> None:
        heartbeat = self._options.heartbeat
        interval = min(1.0, heartbeat / 4, self._options.hello_timeout / 4)
        before = self._now()
        while True:
            await asyncio.sleep(interval)
            now = self._now()
            await self._carry_out(self._broker.tick(now))
            # After a pause of this process (SIGSTOP, a suspended laptop) the answers to the last
            # pings are still unread.
            if now - before < 2 * interval + 0.5:
                await self._beat(heartbeat, now)
            before = now

    async def _beat(self, heartbeat: float, now: float) -> None:
        for connection in list(self._connections):
            if connection.pinged_at and now - connection.pinged_at >= heartbeat / 2:
                logger.info('socket %d missed its heartbeat', connection.number)
                connection.abort()
                await self._gone(connection)
            elif now - connection.heard_at >= heartbeat:
                await connection.ping(now)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()


def _web_socket() -> web.WebSocketResponse:
    return web.WebSocketResponse(
        compress=False,
        autoping=False,
        timeout=1.0,
        max_msg_size=READ_LIMIT,
        protocols=(PROTOCOL,),
    )
