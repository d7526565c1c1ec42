"""Check the STUN and TURN servers that the signaling server announces."""

import asyncio
from collections.abc import Iterable

from webrtc_bridge.doctor.findings import CheckFailed, Findings
from webrtc_bridge.peer.aiortc.patches.ice_server_probe import NoEcho, probe
from webrtc_bridge.peer.aiortc.patches.ice_servers import IceServerUrl, reason_of
from webrtc_bridge.program.cancellation import within
from webrtc_bridge.program.redaction import without_credentials

TIMEOUT = 3.0
'Seconds for each server; all are asked at once.'

STUN_ADVICE = 'check --ice-server of the signaling server, and that UDP reaches it'
TURN_ADVICE = 'check --ice-server of the signaling server, its TURN secret, and the firewalls'
RELAY_ADVICE = "open the TURN server's relay ports (min-port to max-port), check its external-ip"


async def check_ice_servers(findings: Findings, servers: Iterable[IceServerUrl]) -> None:
    """Probe all `servers` at once, and report each."""
    probes = [(server, asyncio.ensure_future(ask(server))) for server in servers]
    if not probes:
        findings.ok('ICE servers', 'none configured: fine within one network, without NAT')
    for server, probing in probes:
        await findings.check(without_credentials(server.url), finish(probing), TIMEOUT + 1)


async def finish(probing: 'asyncio.Future[str]') -> str:
    """Await a probe that is under way."""
    return await probing


async def ask(server: IceServerUrl) -> str:
    """Probe `server`; return the finding."""
    advice = TURN_ADVICE if server.relays else STUN_ADVICE
    try:
        address = await within(probe(server), TIMEOUT)
    except NoEcho:
        problem = 'accepts the login, but a datagram to its own relay did not come back'
        raise CheckFailed(problem, RELAY_ADVICE) from None
    except Exception as error:  # of name resolution, TLS, STUN and TURN
        raise CheckFailed(reason_of(error), advice) from error
    if server.relays:
        return f'accepts the login, and relays at {address}'
    return f'answers: it sees this machine at {address}'
