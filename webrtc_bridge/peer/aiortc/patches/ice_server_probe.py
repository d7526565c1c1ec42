"""Probe one STUN or TURN server: whether it does what a session needs."""

import asyncio
from typing import Any

from aioice import stun, turn

from webrtc_bridge.errors import WebrtcBridgeError
from webrtc_bridge.peer.aiortc.patches.ice_servers import IceServerUrl
from webrtc_bridge.program.cancellation import finish, within

ECHO_TIMEOUT = 1.0
'Seconds for a datagram through the relay and back; it is sent three times.'

GIVE_BACK_TIMEOUT = 0.5
'Seconds for giving the relay back.'

PAYLOAD = b'webrtc_bridge'


class NoEcho(WebrtcBridgeError):
    """The TURN server accepts the login, but a datagram sent to its relay is lost."""

    def __str__(self) -> str:
        return 'the TURN server does not relay'


async def probe(server: IceServerUrl) -> str:
    """
    Return the address that `server` sees, or relays at, as `host:port`.

    A TURN server relays a datagram to itself. The caller sets the deadline.

    Raises: NoEcho, and what `ice_servers.reason_of` explains.
    """
    host, port = await (relayed(server.options) if server.relays else mapped(server.options))
    return f'{host}:{port}'


async def mapped(options: dict[str, Any]) -> tuple[str, int]:
    """Return the address that a STUN server sees."""
    loop = asyncio.get_running_loop()
    server = options['stun_server']
    transport, client = await loop.create_datagram_endpoint(_StunClient, remote_addr=server)
    try:
        response = await client.ask(server)
    finally:
        transport.close()
    address: tuple[str, int] | None = response.attributes.get('XOR-MAPPED-ADDRESS')
    if address is None:
        raise ConnectionError('an answer without an address')
    return address


async def relayed(options: dict[str, Any]) -> tuple[str, int]:
    """Return the address of a relay that existed for a moment, and worked."""
    transport, echo = await turn.create_turn_endpoint(
        _Echo,
        server_addr=options['turn_server'],
        username=options.get('turn_username'),
        password=options.get('turn_password'),
        ssl=options.get('turn_ssl', False),
        transport=options.get('turn_transport', 'udp'),
    )
    address: tuple[str, int] = transport.get_extra_info('sockname')
    try:
        for _ in range(3):
            transport.sendto(PAYLOAD, address)
            if await _within(echo.came, ECHO_TIMEOUT / 3):
                return address
        raise NoEcho
    finally:
        transport.close()
        await finish(_within(echo.gone, GIVE_BACK_TIMEOUT))


async def _within(event: asyncio.Event, seconds: float) -> bool:
    try:
        await within(event.wait(), seconds)
    except TimeoutError:
        return False
    return True


class _StunClient(asyncio.DatagramProtocol):
    """Send one request, and repeat it while there is no answer."""

    def __init__(self) -> None:
        self._transport: asyncio.DatagramTransport
        self._transaction: stun.Transaction

    def connection_made(self, transport: Any) -> None:
        self._transport = transport

    async def ask(self, server: tuple[str, int]) -> stun.Message:
        request = stun.Message(
            message_method=stun.Method.BINDING, message_class=stun.Class.REQUEST
        )
        self._request = request
        self._transaction = stun.Transaction(request, server, self)
        response, _ = await self._transaction.run()
        return response

    def send_stun(self, message: stun.Message, addr: tuple[str, int]) -> None:
        self._transport.sendto(bytes(message))

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        try:
            message = stun.parse_message(data)
        except Exception:
            return
        answers = message.message_class in (stun.Class.RESPONSE, stun.Class.ERROR)
        if answers and message.transaction_id == self._request.transaction_id:
            self._transaction.response_received(message, (addr[0], addr[1]))


class _Echo(asyncio.DatagramProtocol):
    """Wait for what was sent to the relay's own address."""

    def __init__(self) -> None:
        self.came, self.gone = asyncio.Event(), asyncio.Event()

    def datagram_received(self, data: bytes, addr: tuple[Any, ...]) -> None:
        if data == PAYLOAD:
            self.came.set()

    def connection_lost(self, exc: Exception | None) -> None:
        self.gone.set()
