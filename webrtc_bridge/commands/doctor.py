"""Check all that a camera's picture needs to get here: server, token, ICE servers, a session."""

import sys

from webrtc_bridge.doctor.findings import Findings, FindingsError
from webrtc_bridge.errors import OptionError
from webrtc_bridge.options import DoctorOptions
from webrtc_bridge.program.command_line import run_command
from webrtc_bridge.program.requirements import require
from webrtc_bridge.signaling.client.server_access import ServerAccess

STEPS = ('address', 'TLS', 'server', 'clock', 'token', 'ICE servers', 'cameras', 'session')
'All checks, in order; each ICE server gets a line of its own.'


async def examine(options: DoctorOptions) -> None:
    """
    Print what each check finds.

    Raises: FindingsError if any failed.
    """
    findings = Findings(lambda line: print(line, flush=True))
    await Examination(options, findings).run()
    if findings.failed:
        raise FindingsError(findings.failed)


class Examination:
    """All checks, in order; what a failed one was needed for is skipped."""

    def __init__(self, options: DoctorOptions, findings: Findings) -> None:
        self._options = options
        self._findings = findings

    async def run(self) -> None:
        """Do them."""
        from webrtc_bridge.doctor.server_checks import TIMEOUT, ServerChecks

        findings = self._findings
        try:
            access = ServerAccess.of(self._options)
        except OptionError as error:
            findings.fail('address', str(error), 'correct the option')
            self._skip_after('address', 'for that it takes the server')
            return
        server = ServerChecks(access)
        steps = (server.address, server.tls, server.health)
        for name, step in zip(STEPS, steps, strict=False):
            if not await findings.check(name, step(), TIMEOUT):
                self._skip_after(name, 'for that it takes the server')
                return
        await findings.check('clock', server.clock(), TIMEOUT)
        await self._registered(access)

    async def _registered(self, access: ServerAccess) -> None:
        from webrtc_bridge.doctor.ice_checks import check_ice_servers
        from webrtc_bridge.doctor.registration import TIMEOUT, Registration
        from webrtc_bridge.peer.aiortc.patches.ice_servers import usable_servers

        async with Registration(access).run() as registration:
            if not await self._findings.check('token', registration.let_in(), TIMEOUT):
                self._skip_after('token', 'the server does not let us in')
                return
            servers = usable_servers(registration.ice_servers)
            await check_ice_servers(self._findings, servers)
            await self._session(dict(registration.senders))

    async def _session(self, senders: dict[str, str]) -> None:
        from webrtc_bridge.doctor.session_check import TIMEOUT, watch

        findings, wanted = self._findings, self._options.sender_id
        named = [f'{one} ({name})' if name else one for one, name in sorted(senders.items())]
        if wanted and wanted not in senders:
            there = ', '.join(named) or 'none is'
            findings.fail('cameras', f'{wanted} is not there', f'start it; there: {there}')
            findings.skip('session', f'{wanted} is not registered')
        elif not senders:
            findings.ok('cameras', 'none, that this token may see')
            findings.skip('session', 'no camera is registered')
        else:
            findings.ok('cameras', ', '.join(named))
            watching = watch(self._options, wanted or min(senders))
            await findings.check('session', watching, TIMEOUT)

    def _skip_after(self, failed: str, why: str) -> None:
        for name in STEPS[STEPS.index(failed) + 1 :]:
            self._findings.skip(name, why)


def check_requirements() -> None:
    """Check the libraries, before anything imports them; RequirementError."""
    require('aiortc', 'aioice', 'av', 'websockets', 'aiohttp')


def main(arguments: list[str] | None = None) -> int:
    """Run the program; return its exit status."""
    return run_command(
        'webrtc_bridge doctor',
        __doc__,
        (DoctorOptions,),
        check_requirements,
        examine,
        arguments,
        log_level='error',
    )


if __name__ == '__main__':
    sys.exit(main())
