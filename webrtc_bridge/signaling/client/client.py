"""
A peer's end of the signaling protocol: keeps connecting, and keeps its id.

Everything here runs in one event loop; the listener is called in it.
"""

import asyncio
import contextlib
import functools
import logging
from collections.abc import Callable

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from webrtc_bridge.errors import MessageError, OptionError, describe, printable
from webrtc_bridge.options import PEER_ID, PEER_ID_RULE
from webrtc_bridge.program.cancellation import end, finish, within
from webrtc_bridge.signaling.abort import abort
from webrtc_bridge.signaling.client.backoff import Backoff
from webrtc_bridge.signaling.client.local_address import wait_until_lost
from webrtc_bridge.signaling.client.outbox import Outbox
from webrtc_bridge.signaling.client.refusal import (
    CONNECT_ERRORS,
    Refusal,
    refusal_of,
    refusal_of_reply,
)
from webrtc_bridge.signaling.client.server_access import ServerAccess, peer_url
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

STEADY = 5.0
'Seconds after which the loss of a connection is answered at once.'

logger = logging.getLogger(__name__)


class SignalingListener:
    """
    Receives the events of a client; the methods of this base class do nothing.

    An exception that one raises is logged, and nothing else.
    """

    def on_message(self, message: Message) -> None:
        """Handle a message, other than those that set `peer_id` and `ice_servers`."""

    def on_connected(self, connected: bool) -> None:
        """Note that the client has registered, or that its connection is lost."""

    def on_trouble(self, refusal: Refusal, reason: str) -> None:
        """Note why there is no connection; called once for each reason until there is one."""


def log_refusal(reply: ErrorReply) -> None:
    """Log what the server refused: as a warning where that is news."""
    # Of two that say bye at once, or after a restart of the server, one is too late. A refused
    # registration has been logged already.
    is_news = reply.code != 'unknown_session' and reply.ref != 'register'
    level = logging.WARNING if is_news else logging.DEBUG
    logger.log(level, 'the server refused %.64s: %.300s', reply.ref, reply.message)


class SignalingClient:
    """
    One peer, registered at a signaling server for as long as `run()` runs.

    `registered` sets `peer_id` and `ice_servers`, and `ice_servers` the latter alone; `listener`
    gets all other messages.

    Raises: OptionError for an unusable id or name.
    """

    def __init__(
        self,
        access: ServerAccess,
        role: Role,
        listener: SignalingListener,
        *,
        peer_id: str = '',
        name: str = '',
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
        self._listener = listener
        self._connected = False
        self._outbox = Outbox()
        self._backoff = Backoff()
        self._logged: set[str] = set()
        self._may_take_over = False
        self._refused = False

    @property
    def connected(self) -> bool:
        """Return whether the server has registered this peer on the current socket."""
        return self._connected

    @property
    def shown_url(self) -> str:
        """The server's URL without credentials, for people."""
        return self._access.shown_url

    def send(self, message: Message) -> bool:
        """Queue `message`; False, and nothing queued, while not connected or too much waits."""
        if not self._connected:
            return False
        if not self._outbox.put(to_text(message, self._role)):
            self._warn_once('the server reads too slowly: messages beyond the queue are dropped')
            return False
        return True

    async def run(self) -> None:
        """
        Stay registered until cancelled; then send what is queued, and close.

        That takes at most `FLUSH_TIMEOUT` and `CLOSE_TIMEOUT`.
        """
        if self._access.exposes_token:
            self._warn_once('token is sent in clear text; use wss://')
        while True:
            await asyncio.sleep(self._backoff.next_delay())
            try:
                await self._connect_once()
            except CONNECT_ERRORS as error:
                self._report(*refusal_of(error, self._access))
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
        writer = asyncio.ensure_future(self._outbox.write(socket, self._who))
        watching = asyncio.ensure_future(self._abort_without_address(socket))
        for task in (writer, watching):
            task.add_done_callback(functools.partial(self._on_done, socket))
        try:
            await self._read(socket)
        except asyncio.CancelledError:
            await end(writer)
            await finish(self._outbox.flush(socket))
            raise
        finally:
            if asyncio.get_running_loop().time() - since >= STEADY:
                self._backoff.reset()
            self._set_connected(False)
            await end(writer, watching)
            await finish(self._close(socket))

    def _on_done(self, socket: ClientConnection, task: asyncio.Task[None]) -> None:
        """Connect again if a part of the connection has failed."""
        if not task.cancelled() and (error := task.exception()):
            logger.error('%s: connection failed', self._who, exc_info=error)
            abort(socket.transport)

    async def _close(self, socket: ClientConnection) -> None:
        # In a task of its own: timeouts inside a task that has been cancelled raise
        # CancelledError before Python 3.11.3 (gh-102780), and websockets uses one here.
        with contextlib.suppress(TimeoutError):
            await within(socket.close(), 2 * CLOSE_TIMEOUT)
        abort(socket.transport)

    async def _abort_without_address(self, socket: ClientConnection) -> None:
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
            reason = f'closed before registering ({close_reason(socket, reason)})'
            self._report(Refusal.CLOSED, reason)

    def _receive(self, text: str) -> None:
        logger.debug('%s < %s', self._who, printable(text, 1000))
        try:
            message = parse_from_server(text, self._role)
        except MessageError as error:
            # A newer server may say more than this client knows.
            level = logging.DEBUG if error.code == 'unknown_type' else logging.WARNING
            logger.log(level, '%s: message from the server ignored: %s', self._who, error)
            return
        if isinstance(message, Registered):
            self._registered(message)
            return
        if isinstance(message, IceServersChanged):
            self.ice_servers = message.ice_servers
            return
        if isinstance(message, ErrorReply) and not self._connected:
            self._refused = True
            self._report(*refusal_of_reply(message))
        self._call(self._listener.on_message, message)

    def _registered(self, message: Registered) -> None:
        self.peer_id = message.peer_id
        self.ice_servers = message.ice_servers
        self._logged.clear()
        # From now on the id is this peer's: a new socket replaces one that hangs.
        self._may_take_over = True
        logger.info('%s: registered at %s', self._who, self.shown_url)
        self._set_connected(True)

    def _set_connected(self, connected: bool) -> None:
        if connected == self._connected:
            return
        self._connected = connected
        # What was meant for the lost socket may be wrong for the next one.
        self._outbox.clear()
        self._call(self._listener.on_connected, connected)

    def _call(self, callback: Callable[..., None], *arguments: object) -> None:
        try:
            callback(*arguments)
        except Exception:
            logger.exception('%s: %s failed', self._who, callback.__qualname__)

    def _report(self, refusal: Refusal, reason: str) -> None:
        if self._warn_once(reason):
            self._call(self._listener.on_trouble, refusal, reason)

    def _warn_once(self, reason: str) -> bool:
        """Log what is wrong unless that is logged since the last connection; return whether so."""
        is_new = reason not in self._logged
        if is_new:
            self._logged.add(reason)
            logger.warning('%s: %s: %s', self._who, self.shown_url, reason)
        return is_new

    @property
    def _who(self) -> str:
        return f'{self._role.value} {self.peer_id}'.rstrip()
