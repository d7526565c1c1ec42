"""Whether the STUN and TURN servers that the signaling server gives its peers do their work."""

import asyncio
from collections.abc import Iterable

from webrtc_bridge.doctor.findings import CheckFailed, Findings
from webrtc_bridge.peer.aiortc.patches.ice_server_probe import NoEcho, probe
from webrtc_bridge.peer.aiortc.patches.ice_servers import IceServerUrl, reason_of
from webrtc_bridge.program.redaction import without_credentials

TIMEOUT = 3.0
'Seconds for each server; all are asked at once.'

STUN_ADVICE = 'check --ice-server of the signaling server, and that UDP gets through to it'
TURN_ADVICE = 'check --ice-server of the signaling server, its TURN secret, and the firewalls'
RELAY_ADVICE = "open the TURN server's relay ports (min-port to max-port), check its external-ip"


async def check_ice_servers(findings: Findings, servers: Iterable[IceServerUrl]) -> None:
    """Ask all `servers`, and say what came of each."""
    asked = [(server, asyncio.ensure_future(ask(server))) for server in servers]
    if not asked:
        findings.ok('ICE servers', 'none configured: fit for one network, without NAT between')
    for server, answer in asked:
        await findings.check(without_credentials(server.url), join(answer), TIMEOUT + 1)


async def join(answer: 'asyncio.Future[str]') -> str:
    """Await what has begun."""
    return await answer


async def ask(server: IceServerUrl) -> str:
    """Return what `server` did."""
    advice = TURN_ADVICE if server.relays else STUN_ADVICE
    try:
        address = await asyncio.wait_for(probe(server), TIMEOUT)
    except NoEcho:
        what = 'logs in, but a datagram to its own relay did not come back'
        raise CheckFailed(what, RELAY_ADVICE) from None
    except Exception as error:  # of name resolution, TLS, STUN and TURN
        raise CheckFailed(reason_of(error), advice) from error
    if server.relays:
        return f'logs in, and relays at {address}'
    return f'answers: seen from there, this machine is {address}'
