"""Check the signaling server: its address, its certificate, its health, its clock."""

import asyncio
import socket
import ssl
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import aiohttp

from webrtc_bridge import __version__
from webrtc_bridge.doctor.findings import CheckFailed
from webrtc_bridge.errors import describe, printable
from webrtc_bridge.program.own_command import own_command
from webrtc_bridge.signaling.client.client_tls import why_not_trusted
from webrtc_bridge.signaling.client.server_access import ServerAccess

TIMEOUT = 5.0
'Seconds for each of these checks.'

MOST_CLOCK_DIFFERENCE = 2.0
'Seconds; more makes tokens expire at the wrong time.'

DEFAULT_PORTS = {'ws': 80, 'wss': 443}


class ServerChecks:
    """Checks of one server, to be done in the order of the methods."""

    def __init__(self, access: ServerAccess) -> None:
        self._access = access
        self._host = access.url.hostname or ''
        self._port = access.url.port or DEFAULT_PORTS[access.url.scheme]
        self._difference = self._uncertainty = 0.0

    async def address(self) -> str:
        """Resolve the server's name, and open a TCP connection."""
        loop = asyncio.get_running_loop()
        try:
            found = await loop.getaddrinfo(self._host, self._port, type=socket.SOCK_STREAM)
        except OSError as error:
            advice = 'check --server, and the DNS settings of this machine'
            raise CheckFailed(f'{self._host} is unknown ({describe(error)})', advice) from error
        try:
            await self._connect(None)
        except OSError as error:
            where = f'no server answers at {self._host} port {self._port} ({describe(error)})'
            advice = 'start the server there, for other machines with --host 0.0.0.0 and a secret'
            advice += ', and open its port in firewalls'
            raise CheckFailed(where, advice) from error
        addresses = sorted({str(address[4][0]) for address in found})
        return f'{", ".join(addresses)} port {self._port}'

    async def tls(self) -> str:
        """Check the server's certificate."""
        if self._access.tls is None:
            return 'none, because the URL is ws://: fine within a trusted network'
        try:
            certificate = await self._connect(self._access.tls)
        except ssl.SSLError as error:
            advice = f'make one for the server: {own_command("certificate")}'
            raise CheckFailed(why_not_trusted(error), advice) from error
        ends = ssl.cert_time_to_seconds(str(certificate['notAfter']))
        day = datetime.fromtimestamp(ends, UTC).date()
        return f'certificate valid until {day}, {(ends - time.time()) / 86400:.0f} days left'

    async def health(self) -> str:
        """Ask the server for its health and its time."""
        parts = self._access.url
        scheme = 'https' if self._access.tls else 'http'
        url = f'{scheme}://{parts.netloc}{parts.path.rstrip("/")}/healthz'
        begin = time.time()
        try:
            async with aiohttp.ClientSession() as http:
                context = self._access.tls or True
                async with http.get(url, ssl=context, allow_redirects=False) as reply:
                    end = time.time()
                    value = await reply.json() if reply.status == 200 else {}
                    date = reply.headers.get('Date')
        except (aiohttp.ClientError, ValueError) as error:
            advice = 'is it another program, or does it expect the other of ws:// and wss://?'
            raise CheckFailed(
                f'no answer to {url_shown(url)} ({describe(error)})', advice
            ) from error
        if not isinstance(value, dict) or value.get('status') != 'ok':
            advice = 'another program listens on this port, or the server is full'
            raise CheckFailed(f'{url_shown(url)} returns status {reply.status}', advice)
        self._note_time(value.get('time'), date, begin, end)
        version = str(value.get('version'))
        other = '' if version == __version__ else f' (this is {__version__})'
        counts = [f'{kind} {value.get(kind)}' for kind in ('senders', 'receivers', 'sessions')]
        return ', '.join([f'version {printable(version)[1:-1]}{other}', *counts])

    async def clock(self) -> str:
        """Compare the clocks; to be called after `health`."""
        offset, plus_minus = self._difference, self._uncertainty
        finding = f'{abs(offset):.3f} s {"behind" if offset > 0 else "ahead of"} the server'
        if abs(offset) - plus_minus > MOST_CLOCK_DIFFERENCE:
            advice = 'set both clocks by NTP (timedatectl); otherwise tokens and certificates fail'
            raise CheckFailed(f'this clock is {finding}', advice)
        return f'{finding} (± {plus_minus:.3f} s)'

    def _note_time(self, seconds: object, date: str | None, begin: float, end: float) -> None:
        self._uncertainty = (end - begin) / 2
        middle = (begin + end) / 2
        if isinstance(seconds, int | float):
            self._difference = seconds - middle
        elif date:  # an older server's, or its proxy's, in whole seconds
            self._difference = parsedate_to_datetime(date).timestamp() + 0.5 - middle
            self._uncertainty += 0.5

    async def _connect(self, context: ssl.SSLContext | None) -> dict[str, object]:
        name = self._host if context else None
        connecting = asyncio.open_connection(
            self._host, self._port, ssl=context, server_hostname=name
        )
        _, writer = await connecting
        tls = writer.get_extra_info('ssl_object')
        certificate: dict[str, object] = tls.getpeercert() if tls else {}
        writer.transport.abort()
        return certificate


def url_shown(url: str) -> str:
    """Return `url` without credentials."""
    scheme, _, rest = url.partition('://')
    host, slash, path = rest.partition('/')
    return f'{scheme}://{host.rpartition("@")[2]}{slash}{path}'
