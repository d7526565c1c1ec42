"""Decide which requests get a WebSocket: by origin, number and token."""

import logging
from collections.abc import Awaitable, Callable

from aiohttp import web

from webrtc_bridge.errors import printable
from webrtc_bridge.options import SignalingOptions
from webrtc_bridge.signaling.broker.rights import Rights
from webrtc_bridge.signaling.protocol.close_codes import CloseCode
from webrtc_bridge.signaling.protocol.messages import Role
from webrtc_bridge.signaling.server.admission import Admission, may_connect
from webrtc_bridge.signaling.server.authentication import Authentication, AuthThrottle, is_page
from webrtc_bridge.signaling.server.peer_sockets import web_socket
from webrtc_bridge.signaling.server.signed_tokens import NoTokenError, TokenError

Serve = Callable[[web.Request, Role | None, Rights], Awaitable[web.StreamResponse]]

HANDSHAKE = ('Connection', 'Upgrade', 'Sec-WebSocket-Key', 'Sec-WebSocket-Version')
'Headers that have ASCII alone (RFC 6455, section 4.1); aiohttp fails at, or quotes, any other.'

logger = logging.getLogger(__name__)


class Entrance:
    """Pass the requests that may have a WebSocket on to `serve`, until it is shut."""

    def __init__(
        self,
        options: SignalingOptions,
        admission: Admission,
        authentication: Authentication,
        serve: Serve,
    ) -> None:
        self.throttle = AuthThrottle()
        self._allowed_origins = options.allowed_origins
        self._admission = admission
        self._authentication = authentication
        self._serve = serve
        self._is_shut = False

    def shut(self) -> None:
        """Refuse whatever comes from now on."""
        self._is_shut = True

    async def any_peer(self, request: web.Request) -> web.StreamResponse:
        """Serve a peer that names its role in its first message."""
        return await self._admit(request, None)

    async def sender(self, request: web.Request) -> web.StreamResponse:
        """Serve a sender."""
        return await self._admit(request, Role.SENDER)

    async def receiver(self, request: web.Request) -> web.StreamResponse:
        """Serve a receiver."""
        return await self._admit(request, Role.RECEIVER)

    async def _admit(self, request: web.Request, role: Role | None) -> web.StreamResponse:
        if not all(''.join(request.headers.getall(name, ())).isascii() for name in HANDSHAKE):
            raise web.HTTPBadRequest(text='headers of the handshake have to be ASCII\n')
        origin, host = request.headers.get('Origin'), request.headers.get('Host', '')
        any_name = self._authentication.is_on
        if not may_connect(origin, host, self._allowed_origins, any_name=any_name):
            logger.info(
                'refused a page from %s, which is not in allowed_origins', printable(origin)
            )
            raise web.HTTPForbidden(text='pages of that origin may not connect\n')
        address = request.remote or ''
        try:
            # First, so that those without a token take no place from those with one.
            rights = self._authentication.check(request.headers)
        except TokenError as error:
            return await self._turn_away(request, address, error)
        if self._is_shut or not self._admission.enter(address, rights.proof):
            raise web.HTTPServiceUnavailable(text='full\n', headers={'Retry-After': '5'})
        try:
            return await self._serve(request, role, rights)
        finally:
            self._admission.leave(address, rights.proof)

    async def _turn_away(
        self, request: web.Request, address: str, error: TokenError
    ) -> web.StreamResponse:
        key = f', {error.key}' if error.key else ''
        logger.info('refused %s: %s%s', address, error, key)
        if isinstance(error, NoTokenError):
            return await self._refuse(request, error)
        async with self.throttle.wait(address) as waited:
            if not waited:
                raise web.HTTPTooManyRequests(text='too many wrong tokens\n') from None
            return await self._refuse(request, error)

    async def _refuse(self, request: web.Request, error: TokenError) -> web.StreamResponse:
        if is_page(request.headers):
            # Browsers do not tell a page the status of a failed handshake.
            # Nor does the server wait for their answer, which would keep the connection open.
            socket = web_socket(close_timeout=0.0)
            await socket.prepare(request)
            await socket.close(code=CloseCode.POLICY, message=str(error).encode())
            return socket
        raise web.HTTPUnauthorized(text=f'{error}\n', headers={'WWW-Authenticate': 'Bearer'})
