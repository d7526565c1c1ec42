"""A real TURN server: coturn, on loopback, in a process of its own."""

import asyncio
import re
import shutil
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

SECRET = 'north-by-northwest'


@dataclass
class TurnServer:
    """A running server: its port, for UDP and for TCP, and its log."""

    port: int
    log: Path
    process: asyncio.subprocess.Process

    def url(self, transport: str) -> str:
        return f'turn:127.0.0.1:{self.port}?transport={transport}'

    @property
    def relayed(self) -> int:
        """The number of packets that it relayed in sessions that have ended."""
        return sum(int(n) for n in re.findall(r'peer usage: .* rp=(\d+)', self.log.read_text()))


def free_port() -> int:
    """Return a port that is free for UDP and TCP."""
    while True:
        with socket.socket() as tcp, socket.socket(type=socket.SOCK_DGRAM) as udp:
            tcp.bind(('127.0.0.1', 0))
            try:
                udp.bind(tcp.getsockname())
            except OSError:
                continue
            return int(tcp.getsockname()[1])


@asynccontextmanager
async def running_turn_server(folder: Path) -> AsyncIterator[TurnServer]:
    """Start coturn with `SECRET` as its secret; skip the test where there is none."""
    if not shutil.which('turnserver'):
        pytest.skip('needs turnserver of the package coturn')
    port, log_file = free_port(), folder / 'turnserver.log'
    with log_file.open('wb') as log:
        process = await asyncio.create_subprocess_exec(
            'turnserver',
            *('-n', '--no-cli', '--no-tls', '--no-dtls', '--simple-log', '--verbose'),
            *('--log-file=stdout', f'--pidfile={folder}/pid', f'--userdb={folder}/users'),
            *('--listening-ip=127.0.0.1', f'--listening-port={port}'),
            *('--relay-ip=127.0.0.1', '--allow-loopback-peers', '--realm=test'),
            *('--use-auth-secret', f'--static-auth-secret={SECRET}'),
            stdin=asyncio.subprocess.DEVNULL,
            stdout=log,
            stderr=asyncio.subprocess.STDOUT,
        )
    try:
        await asyncio.wait_for(listening(port), 20.0)
        yield TurnServer(port, log_file, process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def listening(port: int) -> None:
    """Wait until a server listens at `port`."""
    while True:
        try:
            _, writer = await asyncio.open_connection('127.0.0.1', port)
        except ConnectionRefusedError:
            await asyncio.sleep(0.05)
        else:
            writer.close()
            await writer.wait_closed()
            return
