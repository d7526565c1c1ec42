"""A running link emulator, a program of its own."""

import json
import os

from support.links.udp_relay import Side
from support.programs import SUPPORT, Program, Start


class EmulatedLink:
    """The path of all programs that use `url` instead of the signaling server's."""

    def __init__(self, program: Program, url: str) -> None:
        self.url = url
        self._program = program

    async def change(self, **fields: float) -> None:
        """Change fields of the link, both ways."""
        await self.change_some(fields)

    async def change_some(self, fields: dict[str, float]) -> None:
        """Change fields of the link, whose names may begin with a direction."""
        await self.command(f'set {" ".join(f"{name}={value}" for name, value in fields.items())}')

    async def be(self, profile: str) -> None:
        """Change to a profile."""
        await self.command(f'profile {profile}')

    async def rebind(self, side: Side) -> None:
        """Let the other peer see `side` at another port."""
        await self.command(f'rebind {side.value}')

    async def report(self) -> dict[str, float]:
        """Return what has happened to the video's datagrams since the last report."""
        after = len(self._program.lines)
        await self.command('report')
        line = await self._program.line(r'^\{.*\}', after=after)
        found: dict[str, float] = json.loads(line[0])
        return found

    async def command(self, line: str) -> None:
        """Send a command."""
        stdin = self._program.process.stdin
        assert stdin
        stdin.write(f'{line}\n'.encode())
        await stdin.drain()


async def start_emulator(start: Start, server_url: str, *arguments: str) -> EmulatedLink:
    """Start an emulator in front of a signaling server."""
    path = os.pathsep.join(filter(None, [str(SUPPORT.parent), os.environ.get('PYTHONPATH')]))
    module = ('-m', 'support.links.emulator')
    program = await start(*module, '--server', server_url, *arguments, PYTHONPATH=path)
    return EmulatedLink(program, (await program.line(r'serving on (\S+)'))[1])
