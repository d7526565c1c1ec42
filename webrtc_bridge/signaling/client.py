"""
A peer's end of the signaling protocol: connects for ever, and keeps its id.

Everything here runs in one event loop; the callbacks are called in it.
"""

import asyncio
import contextlib
import inspect
import logging
from collections import deque
from collections.abc import Callable
from typing import Any, TypeVar

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus, WebSocketException

from webrtc_bridge.errors import MessageError, OptionError, printable
from webrtc_bridge.options import PEER_ID
from webrtc_bridge.signaling.backoff import Backoff
from webrtc_bridge.signaling.fields import CONTROL, MAX_TEXT
from webrtc_bridge.signaling.messages import (
    ErrorReply,
    IceServer,
    IceServersChanged,
    Message,
    Registered,
    Role,
)
from webrtc_bridge.signaling.server_url import check_server_url, peer_url, shown
from webrtc_bridge.signaling.wire import MAX_MESSAGE, parse_from_server, to_text

OPEN_TIMEOUT = 5.0
PING_INTERVAL = 5.0
PING_TIMEOUT = 4.0
'Seconds; a server that is gone without a word is noticed after at most both of these.'

CLOSE_TIMEOUT = 0.5
FLUSH_TIMEOUT = 0.5
STEADY = 5.0
'Seconds a connection must have lasted for the next loss to be answered at once.'

MAX_QUEUED = 256
'Messages that wait for the socket; what comes then is refused.'

T = TypeVar('T')
logger = logging.getLogger(__name__)


def ignore(_: Any) -> None:
    """Do nothing with it."""


class SignalingClient:
    """
    One peer, registered at a signaling server for as long as `run()` runs.

    `on_message` gets every message of the server but `registered`, which sets `peer_id` and
    `ice_servers` and is followed by `on_connected(True)`, and `ice_servers`;
    `on_connected(False)` follows a loss.
    A callback that raises is logged, and nothing else.

    Raises: OptionError for an unusable URL, id or name.
    """

    def __init__(
        self,
        url: str,
        role: Role,
        *,
        peer_id: str = '',
        name: str = '',
        on_message: Callable[[Message], None],
        on_connected: Callable[[bool], None] = ignore,
    ) -> None:
        self._url = check_server_url(url)
        if peer_id and not PEER_ID.fullmatch(peer_id):
            expected = '1 to 64 letters, digits, dots, dashes and underscores'
            raise OptionError('id', peer_id, expected)
        if len(name) > MAX_TEXT or CONTROL.search(name):
            expected = f'at most {MAX_TEXT} characters without control characters'
            raise OptionError('name', name, expected)
        self.peer_id = peer_id
        self.ice_servers: tuple[IceServer, ...] = ()
        self._role = role
        self._name = name
        self._on_message = on_message
        self._on_connected = on_connected
        self._connected = False
        self._queue: deque[str] = deque()
        self._queued = asyncio.Event()
        self._backoff = Backoff()
        self._said: set[str] = set()

    @property
    def connected(self) -> bool:
        """Whether the server has registered this peer on the present socket."""
        return self._connected

    @property
    def shown_url(self) -> str:
        """The server's URL without credentials, for people."""
        return shown(self._url)

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
        while True:
            await asyncio.sleep(self._backoff.next_delay())
            try:
                await self._connect_once()
            except asyncio.CancelledError:
                raise
            except InvalidStatus as error:
                self._say_once(f'refused with HTTP status {error.response.status_code}')
            except (TimeoutError, OSError, WebSocketException, EOFError) as error:
                self._say_once(f'not reachable: {_reason(error)}')
            except Exception:
                logger.exception('%s: attempt to connect failed', self._who)

    async def _connect_once(self) -> None:
        url = peer_url(self._url, self._role, self.peer_id, self._name)
        socket = await connect(url, **_connect_options())
        since = asyncio.get_running_loop().time()
        writer = asyncio.ensure_future(self._write(socket))
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
            # In a task of its own: timeouts inside a task that has been cancelled raise
            # CancelledError before Python 3.11.3 (gh-102780), and websockets uses one here.
            closing = asyncio.ensure_future(socket.close())
            await asyncio.wait({writer, closing}, timeout=2 * CLOSE_TIMEOUT)
            socket.transport.abort()

    async def _read(self, socket: ClientConnection) -> None:
        try:
            async for data in socket:
                if isinstance(data, str):
                    self._receive(data)
            reason = 'closed by the server'
        except ConnectionClosed as error:
            reason = _reason(error)
        if self._connected:
            logger.warning('%s: connection lost (%s)', self._who, _close_reason(socket, reason))
        else:
            self._say_once(f'closed before registering ({_close_reason(socket, reason)})')

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
            self._say_once(f'refused: {message.code}: {printable(message.message, 200)}')
        self._call(self._on_message, message)

    def _registered(self, message: Registered) -> None:
        self.peer_id = message.peer_id
        self.ice_servers = message.ice_servers
        self._said.clear()
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

    @property
    def _who(self) -> str:
        return f'{self._role.value} {self.peer_id}'.rstrip()


def _connect_options() -> dict[str, Any]:
    options: dict[str, Any] = {
        'compression': None,
        'max_size': MAX_MESSAGE,
        'open_timeout': OPEN_TIMEOUT,
        'ping_interval': PING_INTERVAL,
        'ping_timeout': PING_TIMEOUT,
        'close_timeout': CLOSE_TIMEOUT,
    }
    # websockets 15 began to use the proxy of the environment, unasked; before, it knows no such
    # argument.
    if 'proxy' in inspect.signature(connect.__init__).parameters:
        options['proxy'] = None
    return options


def _reason(error: BaseException) -> str:
    if isinstance(error, asyncio.TimeoutError | TimeoutError):
        return 'no answer in time'
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return printable(str(error) or type(error).__name__, 200).strip('\'"')


def _close_reason(socket: ClientConnection, otherwise: str) -> str:
    # websockets 13.0 has these on the protocol alone.
    code, reason = socket.protocol.close_code, socket.protocol.close_reason
    if code is None:
        return otherwise
    return f'code {code} {printable(reason)}' if reason else f'code {code}'
