"""What ICE is made to do otherwise: which addresses and servers it uses, and until when."""

import functools
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

import aioice.ice
from aiortc import RTCRtpReceiver

from webrtc_bridge.peer.ice_gathering import IceGathering, IceServerUrl


@functools.cache
def meet_on_loopback() -> None:
    """
    Offer 127.0.0.1 where a machine has no other address, so that two peers on it can meet.

    aioice never does, and a laptop without a network could not even run a demo.
    """
    addresses_of_interfaces = aioice.ice.get_host_addresses

    def get_host_addresses(use_ipv4: bool, use_ipv6: bool) -> list[str]:
        addresses: list[str] = addresses_of_interfaces(use_ipv4, use_ipv6)
        return addresses or (['127.0.0.1'] if use_ipv4 else [])

    aioice.ice.get_host_addresses = get_host_addresses


@functools.cache
def end_consent_checks_with_the_connection() -> None:
    """
    Let a connection that is closed in the moment that it comes about not ask for consent for ever.

    aioice 0.13 starts its task for that 20 ms after the end of the checks, closed or not.
    """
    connection_class: Any = aioice.ice.Connection
    query_consent = connection_class.query_consent

    async def query_consent_unless_closing(connection: Any) -> None:
        if not connection._closing:
            await query_consent(connection)

    connection_class.query_consent = query_consent_unless_closing


_gathering: ContextVar[IceGathering | None] = ContextVar('gathering', default=None)


@contextmanager
def asking_all(gathering: IceGathering) -> Iterator[None]:
    """Let the candidates that are gathered in this context come by way of `gathering`."""
    ask_every_ice_server()
    token = _gathering.set(gathering)
    try:
        with gathering:
            yield
    finally:
        _gathering.reset(token)


@functools.cache
def ask_every_ice_server() -> None:
    """Let aioice ask the servers of `asking_all`, where it would ask one and wait 5 s for it."""
    ask_stun = aioice.ice.server_reflexive_candidate
    ask_turn = aioice.ice.relayed_candidate

    async def server_reflexive_candidate(protocol: Any, stun_server: tuple[str, int]) -> Any:
        def ask(server: IceServerUrl) -> Coroutine[Any, Any, Any]:
            return ask_stun(protocol, **server.options)

        gathering = _gathering.get()
        if gathering is None:
            return await ask_stun(protocol, stun_server)
        return await gathering.first(False, ask, lambda answer: None)

    async def relayed_candidate(**options: Any) -> Any:
        def ask(server: IceServerUrl) -> Coroutine[Any, Any, Any]:
            return ask_turn(**options | server.options)

        def give_back(answer: Any) -> None:
            _, protocol = answer
            protocol.transport.close()

        gathering = _gathering.get()
        if gathering is None:
            return await ask_turn(**options)
        return await gathering.first(True, ask, give_back)

    aioice.ice.server_reflexive_candidate = server_reflexive_candidate
    aioice.ice.relayed_candidate = relayed_candidate


def selected_path(receiver: RTCRtpReceiver) -> str:
    """Return the pair of candidates in use, as `type address -> type address`; '' without one."""
    connection: Any = receiver.transport.transport
    pair = connection._connection._nominated.get(1)
    if pair is None:
        return ''
    ends = (pair.local_candidate, pair.remote_candidate)
    return ' -> '.join(f'{end.type} {end.host}:{end.port}' for end in ends)
