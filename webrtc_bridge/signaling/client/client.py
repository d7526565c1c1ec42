"""
A peer's end of the signaling protocol: connects for ever, and keeps its id.

Everything here runs in one event loop; the callbacks are called in it.
"""

import asyncio
import contextlib
import logging
import ssl
from collections import deque
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import (
    ConnectionClosed,
    InvalidMessage,
    InvalidStatus,
    WebSocketException,
)
from websockets.http11 import Response

from webrtc_bridge.errors import MessageError, OptionError, describe, printable
from webrtc_bridge.options import PEER_ID, PEER_ID_RULE
from webrtc_bridge.signaling.abort import abort
from webrtc_bridge.signaling.client.backoff import Backoff
from webrtc_bridge.signaling.client.client_tls import why_not_trusted
from webrtc_bridge.signaling.client.local_address import wait_until_lost
from webrtc_bridge.signaling.client.server_access import TOKEN, ServerAccess, peer_url
from webrtc_bridge.signaling.client.web_socket import (
    CLOSE_TIMEOUT,
    Connect,
    close_reason,
    connect_options,
)
from webrtc_bridge.signaling.protocol.close_codes import TAKEN_OVER
from webrtc_bridge.signaling.protocol.fields import CONTROL, MAX_TEXT
from webrtc_bridge.signaling.protocol.messages import (
    ErrorReply,
    IceServer,
    IceServersChanged,
    Message,
    Registered,
    Role,
)
from webrtc_bridge.signaling.protocol.wire import parse_from_server, to_text

FLUSH_TIMEOUT = 0.5
STEADY = 5.0
'Seconds a connection must have lasted for the next loss to be answered at once.'

MAX_QUEUED = 256
'Messages that wait for the socket; what comes then is refused.'

T = TypeVar('T')
logger = logging.getLogger(__name__)


def ignore(_: Any) -> None:
    """Do nothing with it."""


def log_refusal(reply: ErrorReply) -> None:
    """Tell people what the server refused, where that is news."""
    # Of two that say bye at once, or after a restart of the server, one is too late. What is wrong
    # with the registration has been said, once.
    is_news = reply.code != 'unknown_session' and reply.ref != 'register'
    level = logging.WARNING if is_news else logging.DEBUG
    logger.log(level, 'the server refused %s: %s', reply.ref, reply.message)


class SignalingClient:
    """
    One peer, registered at a signaling server for as long as `run()` runs.

    `on_message` gets every message of the server but `registered`, which sets `peer_id` and
    `ice_servers` and is followed by `on_connected(True)`, and `ice_servers`;
    `on_connected(False)` follows a loss, and `on_trouble` gets in words, once, each reason why
    there is no connection.
    A callback that raises is logged, and nothing else.

    Raises: OptionError for an unusable id or name.
    """

    def __init__(
        self,
        access: ServerAccess,
        role: Role,
        *,
        peer_id: str = '',
        name: str = '',
        on_message: Callable[[Message], None],
        on_connected: Callable[[bool], None] = ignore,
        on_trouble: Callable[[str], None] = ignore,
    ) -> None:
        self._access = access
        if peer_id and not PEER_ID.fullmatch(peer_id):
            raise OptionError('id', peer_id, PEER_ID_RULE['expected'])
        if len(name) > MAX_TEXT or CONTROL.search(name):
            expected = f'at most {MAX_TEXT} characters without control characters'
            raise OptionError('name', name, expected)
        self.peer_id = peer_id
        self.ice_servers: tuple[IceServer, ...] = ()
        self._role = role
        self._name = name
        self._on_message = on_message
        self._on_connected = on_connected
        self._on_trouble = on_trouble
        self._connected = False
        self._queue: deque[str] = deque()
        self._queued = asyncio.Event()
        self._backoff = Backoff()
        self._said: set[str] = set()
        self._may_take_over = False
        self._refused = False

    @property
    def connected(self) -> bool:
        """Whether the server has registered this peer on the present socket."""
        return self._connected

    @property
    def shown_url(self) -> str:
        """The server's URL without credentials, for people."""
        return self._access.shown_url

    def send(self, message: Message) -> bool:
        """Queue `message`; False, and nothing queued, while not connected or too much waits."""
        if not self._connected:
            return False
        if len(self._queue) >= MAX_QUEUED:
            self._say_once('reads too slowly: what does not fit into the queue is dropped')
            return False
        self._queue.append(to_text(message, self._role))
        self._queued.set()
        return True

    async def run(self) -> None:
        """
        Stay registered until cancelled; then send what is queued, and close.

        That takes at most `FLUSH_TIMEOUT` and `CLOSE_TIMEOUT`.
        """
        if self._access.exposes_token:
            self._say_once('gets the token readable for all on the way: use wss://')
        while True:
            await asyncio.sleep(self._backoff.next_delay())
            try:
                await self._connect_once()
            except asyncio.CancelledError:
                raise
            except InvalidStatus as error:
                self._say_once(self._refusal(error.response))
            except ssl.SSLError as error:
                self._say_once(why_not_trusted(error))
            except OptionError as error:
                self._say_once(f'not tried: {error}')
            except (InvalidMessage, EOFError):  # which of them depends on websockets' version
                other = 'ws://' if self._access.tls else 'wss://'
                self._say_once(f'gives no HTTP answer; is it at {other}?')
            except (TimeoutError, OSError, WebSocketException) as error:
                self._say_once(f'not reachable: {describe(error)}')
            except Exception:
                logger.exception('%s: attempt to connect failed', self._who)

    async def _connect_once(self) -> None:
        self._access = access = self._access.renewed()
        self._refused = False
        wanted = {'id': self.peer_id, 'name': self._name}
        if access.token and not self._may_take_over:
            wanted['takeover'] = '0'
        url = peer_url(access.url, self._role, wanted)
        socket = await Connect(url, **connect_options(access))
        since = asyncio.get_running_loop().time()
        writer = asyncio.ensure_future(self._write(socket))
        watching = asyncio.ensure_future(self._cut_without_address(socket))
        try:
            await self._read(socket)
        except asyncio.CancelledError:
            await self._flush(socket, writer)
            raise
        finally:
            if asyncio.get_running_loop().time() - since >= STEADY:
                self._backoff.reset()
            self._set_connected(False)
            writer.cancel()
            watching.cancel()
            # In a task of its own: timeouts inside a task that has been cancelled raise
            # CancelledError before Python 3.11.3 (gh-102780), and websockets uses one here.
            closing = asyncio.ensure_future(socket.close())
            await asyncio.wait({writer, watching, closing}, timeout=2 * CLOSE_TIMEOUT)
            abort(socket.transport)

    async def _cut_without_address(self, socket: ClientConnection) -> None:
        await wait_until_lost(socket.transport)
        logger.warning('%s: the address of this machine has changed', self._who)
        abort(socket.transport)

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for data in socket:
                if isinstance(data, str):
                    self._receive(data)
            reason = 'closed by the server'
        except ConnectionClosed as error:
            reason = describe(error)
        if self._connected:
            logger.warning('%s: connection lost (%s)', self._who, close_reason(socket, reason))
            if socket.protocol.close_reason == TAKEN_OVER:
                self._may_take_over = False
        elif not self._refused:
            self._say_once(f'closed before registering ({close_reason(socket, reason)})')

    def _receive(self, text: str) -> None:
        logger.debug('%s < %s', self._who, printable(text, 1000))
        try:
            message = parse_from_server(text, self._role)
        except MessageError as error:
            # A newer server may say more than this client knows.
            level = logging.DEBUG if error.code == 'unknown_type' else logging.WARNING
            logger.log(level, '%s: message of the server ignored: %s', self._who, error)
            return
        if isinstance(message, Registered):
            self._registered(message)
            return
        if isinstance(message, IceServersChanged):
            self.ice_servers = message.ice_servers
            return
        if isinstance(message, ErrorReply) and not self._connected:
            self._refused = True
            self._say_once(f'refused: {message.code}: {printable(message.message, 200)}')
        self._call(self._on_message, message)

    def _registered(self, message: Registered) -> None:
        self.peer_id = message.peer_id
        self.ice_servers = message.ice_servers
        self._said.clear()
        # From now on the id is this peer's: a new socket replaces one that hangs.
        self._may_take_over = True
        logger.info('%s: registered at %s', self._who, self.shown_url)
        self._set_connected(True)

    def _set_connected(self, connected: bool) -> None:
        if connected == self._connected:
            return
        self._connected = connected
        # What was meant for the lost socket may be wrong for the next one.
        self._queue.clear()
        self._call(self._on_connected, connected)

    async def _write(self, socket: ClientConnection) -> None:
        with contextlib.suppress(ConnectionClosed):
            while True:
                self._queued.clear()
                while self._queue:
                    text = self._queue[0]
                    logger.debug('%s > %s', self._who, printable(text, 1000))
                    await socket.send(text)
                    if self._queue and self._queue[0] is text:
                        self._queue.popleft()
                await self._queued.wait()

    async def _flush(self, socket: ClientConnection, writer: 'asyncio.Future[None]') -> None:
        """Send what is queued, on the way out of a cancelled `run()`."""
        writer.cancel()
        await asyncio.wait({writer})
        with contextlib.suppress(ConnectionClosed, asyncio.TimeoutError):
            await asyncio.wait_for(self._send_queued(socket), FLUSH_TIMEOUT)

    async def _send_queued(self, socket: ClientConnection) -> None:
        while self._queue:
            await socket.send(self._queue.popleft())

    def _call(self, callback: Callable[[T], None], argument: T) -> None:
        try:
            callback(argument)
        except Exception:
            logger.exception('%s: callback for %r failed', self._who, type(argument).__name__)

    def _say_once(self, reason: str) -> None:
        """Log what is wrong with the server, once until there is another connection."""
        if reason not in self._said:
            self._said.add(reason)
            logger.warning('%s: %s %s', self._who, self.shown_url, reason)
            self._call(self._on_trouble, reason)

    def _refusal(self, response: Response) -> str:
        if response.status_code != HTTPStatus.UNAUTHORIZED:
            return f'refused with HTTP status {response.status_code}'
        if not self._access.token:
            return 'wants a token: give one by --token-file (token_file) or in ' + TOKEN
        said = (response.body or b'').decode(errors='replace').strip()
        return f'refuses the token: {printable(said, 200)}'

    @property
    def _who(self) -> str:
        return f'{self._role.value} {self.peer_id}'.rstrip()
