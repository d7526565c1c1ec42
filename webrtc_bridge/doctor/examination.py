"""All checks of the doctor, in the order in which each needs the ones before it."""

from collections.abc import Callable

from webrtc_bridge.doctor import registration, server_checks, session_check
from webrtc_bridge.doctor.findings import Findings, FindingsError
from webrtc_bridge.doctor.ice_checks import check_ice_servers
from webrtc_bridge.doctor.registration import Registration
from webrtc_bridge.doctor.server_checks import ServerChecks
from webrtc_bridge.errors import OptionError
from webrtc_bridge.options import DoctorOptions
from webrtc_bridge.peer.aiortc.patches.ice_servers import usable_servers
from webrtc_bridge.signaling.client.server_access import ServerAccess

STEPS = ('address', 'TLS', 'server', 'clock', 'token', 'ICE servers', 'cameras', 'session')
'All checks, in order; each ICE server gets a line of its own.'


async def examine(options: DoctorOptions, write: Callable[[str], None]) -> None:
    """
    Write a line for each check.

    Raises: FindingsError if any failed.
    """
    findings = Findings(write)
    await Examination(options, findings).run()
    if findings.failed:
        raise FindingsError(findings.failed)


class Examination:
    """One run of all checks; those that need a failed one are skipped."""

    def __init__(self, options: DoctorOptions, findings: Findings) -> None:
        self._options = options
        self._findings = findings

    async def run(self) -> None:
        """Do all checks."""
        try:
            access = ServerAccess.of(self._options)
        except OptionError as error:
            self._findings.fail('options', str(error), 'correct that')
            for name in STEPS:
                self._findings.skip(name, 'needs usable options')
            return
        checks = ServerChecks(access)
        steps = (checks.address, checks.tls, checks.health)
        for name, step in zip(STEPS, steps, strict=False):
            if not await self._findings.check(name, step(), server_checks.TIMEOUT):
                self._skip_after(name, 'needs an answer from the server')
                return
        await self._findings.check('clock', checks.clock(), server_checks.TIMEOUT)
        await self._check_as_receiver(access)

    async def _check_as_receiver(self, access: ServerAccess) -> None:
        async with Registration(access).run() as registered:
            wait = registered.wait()
            if not await self._findings.check('token', wait, registration.TIMEOUT):
                self._skip_after('token', 'the server refuses the registration')
                return
            await check_ice_servers(self._findings, usable_servers(registered.ice_servers))
            await self._check_cameras(dict(registered.senders))

    async def _check_cameras(self, senders: dict[str, str]) -> None:
        findings, wanted = self._findings, self._options.sender_id
        cameras = ', '.join(
            f'{sender_id} ({name})' if name else sender_id
            for sender_id, name in sorted(senders.items())
        )
        if wanted and wanted not in senders:
            others = f', or choose another with --id: {cameras}' if cameras else ''
            advice = f'start it{others}'
            findings.fail('cameras', f'{wanted} is not registered', advice)
            findings.skip('session', f'{wanted} is not registered')
        elif not senders:
            findings.ok('cameras', 'none that this token may see')
            findings.skip('session', 'no camera is registered')
        else:
            findings.ok('cameras', cameras)
            watching = session_check.watch(self._options, wanted or min(senders))
            await findings.check('session', watching, session_check.TIMEOUT)

    def _skip_after(self, failed: str, reason: str) -> None:
        for name in STEPS[STEPS.index(failed) + 1 :]:
            self._findings.skip(name, reason)
