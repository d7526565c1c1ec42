"""
The signaling server: HTTP and WebSocket on one port, carrying out what the broker decides.

Everything here runs in one event loop.
"""

import asyncio
import enum
import functools
import logging
import time
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from aiohttp import web

from webrtc_bridge import __version__
from webrtc_bridge.options import SignalingOptions
from webrtc_bridge.program.addresses import host_and_port
from webrtc_bridge.program.cancellation import end, finish
from webrtc_bridge.program.long_tasks import keep_running
from webrtc_bridge.signaling.broker.broker import Broker
from webrtc_bridge.signaling.broker.limits import Limits
from webrtc_bridge.signaling.protocol.messages import Role
from webrtc_bridge.signaling.server.admission import Admission, sockets_within_files
from webrtc_bridge.signaling.server.authentication import Authentication
from webrtc_bridge.signaling.server.entrance import Entrance
from webrtc_bridge.signaling.server.handshake_guard import PendingConnections
from webrtc_bridge.signaling.server.http_pages import (
    RequestHandler,
    add_pages,
    http_logger,
)
from webrtc_bridge.signaling.server.ice_servers import IceServers, secret_of_environment
from webrtc_bridge.signaling.server.listen import is_local, listen, page_host, url_of
from webrtc_bridge.signaling.server.peer_sockets import PeerSockets
from webrtc_bridge.signaling.server.server_certificate import server_tls
from webrtc_bridge.signaling.server.turns import Turns

logger = logging.getLogger(__name__)


HTTP: dict[str, Any] = {'access_log': None, 'logger': http_logger, 'lingering_time': 1.0}
'Arguments of the handler of each connection.'


class State(enum.Enum):
    """The stages of a server's life."""

    NEW = 'new'
    SERVING = 'serving'
    CLOSED = 'closed'


@dataclass(frozen=True)
class _Serving:
    """The parts of a server that serves."""

    sockets: PeerSockets
    entrance: Entrance
    runner: web.AppRunner
    pending: PendingConnections
    listener: asyncio.Server
    clock: asyncio.Task[None]

    async def close(self) -> None:
        """Close every socket and stop listening."""
        self.entrance.shut()
        self.listener.close()
        await self.pending.close()
        await end(self.clock)
        await self.sockets.close()
        await self.runner.cleanup()


class SignalingServer:
    """
    One server; `async with` starts and closes it.

    `port` is the real port and `url` what to connect to, once started.
    """

    def __init__(self, options: SignalingOptions) -> None:
        self._options = options
        self._state = State.NEW
        self._serving: _Serving | None = None
        self._is_secure = False
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
        return url_of('wss' if self._is_secure else 'ws', self._options.host, self.port)

    @property
    def counts(self) -> dict[str, int]:
        """The numbers of senders, receivers and sessions; empty unless it serves."""
        return counts_of(self._serving.sockets.broker) if self._serving else {}

    @property
    def page_url(self) -> str:
        """The URL of the viewer page, for other machines too where they reach the server."""
        scheme = 'https' if self._is_secure else 'http'
        return url_of(scheme, page_host(self._options.host), self.port) + '/'

    async def start(self) -> None:
        """
        Listen, and serve until `close()`.

        Raises: OptionError, RequirementError, ServeError, UnprotectedError.
        """
        options = self._options
        authentication = Authentication(options.secret_file)
        tls = server_tls(options)
        self._is_secure = tls is not None
        sockets = PeerSockets(make_broker(options), options)
        most, waiting = sockets_within_files(options.max_sockets)
        admission = Admission(most, options.max_sockets_per_address)
        entrance = Entrance(options, admission, authentication, sockets.serve)
        runner = await set_up(make_app(options, entrance, sockets.broker))
        try:
            assert runner.server is not None
            loop = asyncio.get_running_loop()
            handler = functools.partial(RequestHandler, Turns(), runner.server, loop=loop, **HTTP)
            pending = PendingConnections(handler, options.hello_timeout, waiting, tls)
            exposed = authentication.is_on or options.allow_anonymous
            listener = await listen(pending, options.host, options.port, exposed=exposed)
        except BaseException:
            await finish(runner.cleanup())
            raise
        self.port = listener.sockets[0].getsockname()[1]
        clock = asyncio.ensure_future(keep_running("the server's clock", sockets.run_clock))
        self._serving = _Serving(sockets, entrance, runner, pending, listener, clock)
        self._set_state(State.SERVING)
        logger.info('open %s in a browser to watch', self.page_url)
        if not is_local(listener):
            self._warn(authentication)

    async def close(self) -> None:
        """Close every socket with 1012 and stop listening, within 2 s; idempotent."""
        if self._state is State.SERVING and self._serving:
            self._set_state(State.CLOSED)
            await self._serving.close()

    def _set_state(self, state: State) -> None:
        self._state = state
        logger.info('signaling server %s on %s', state.value, self._where)

    @property
    def _where(self) -> str:
        return host_and_port(self._options.host, self.port)

    def _warn(self, authentication: Authentication) -> None:
        """Warn of what others in the network can do or read."""
        if not authentication.is_on:
            logger.warning('anyone who can reach %s can watch and publish', self._where)
        elif not self._is_secure:
            logger.warning(
                'tokens cross the network unencrypted; enable TLS here or in a reverse proxy'
            )


def make_broker(options: SignalingOptions) -> Broker:
    """
    Return the broker that `options` ask for.

    Raises: OptionError.
    """
    ice_servers = IceServers(
        options.ice_servers,
        options.ice_servers_file,
        secret_of_environment(),
        options.turn_lifetime,
    )
    more = max(1.0, options.message_rate / Limits.message_rate)
    limits = Limits(
        hello_timeout=options.hello_timeout,
        message_rate=options.message_rate,
        message_burst=5 * options.message_rate,
        request_rate=more * Limits.request_rate,
        request_burst=more * Limits.request_burst,
        request_rate_of_owner=more * Limits.request_rate_of_owner,
        request_burst_of_owner=more * Limits.request_burst_of_owner,
        ice_servers_renewal=options.turn_lifetime / 2 if ice_servers.expire else 0.0,
    )
    return Broker(limits, ice_servers.for_peer)


def make_app(options: SignalingOptions, entrance: Entrance, broker: Broker) -> web.Application:
    """Return what answers each path: pages, `/healthz`, and the WebSockets behind `entrance`."""

    async def health(request: web.Request) -> web.Response:
        return web.json_response(
            {
                'status': 'ok',
                'version': __version__,
                'time': time.time(),
                **counts_of(broker),
            }
        )

    app = web.Application()
    add_pages(app, options.allowed_origins)
    app.router.add_get('/healthz', health)
    app.router.add_get('/ws', entrance.any_peer)
    app.router.add_get('/sender', entrance.sender)
    app.router.add_get('/receiver', entrance.receiver)
    return app


def counts_of(broker: Broker) -> dict[str, int]:
    """Return how many peers of each role are registered, and their sessions."""
    return {
        'senders': broker.count(Role.SENDER),
        'receivers': broker.count(Role.RECEIVER),
        'sessions': broker.sessions,
    }


async def set_up(app: web.Application) -> web.AppRunner:
    """Return a runner of `app`, whose server makes the protocols of its connections."""
    runner = web.AppRunner(app, shutdown_timeout=0.1, **HTTP)
    await runner.setup()
    return runner
