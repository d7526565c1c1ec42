"""A second machine for tests: a network namespace, and a cable to it. Needs root."""

import asyncio
import contextlib
import itertools
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from support.programs import Program

ENTER = str(Path(__file__).with_name('enter_namespace.py'))
_numbers = itertools.count()


class Robot:
    """
    A namespace `name`; `here` and `there` are the addresses at the ends of the cable to it.

    The cable is unplugged and plugged in at this end.
    """

    def __init__(self) -> None:
        number = next(_numbers)
        # Two test processes are not to meet, nor may a name be longer than 15 characters.
        self.name = f'robot{os.getpid()}n{number}'
        self._cable = f'c{os.getpid()}n{number}'
        network = f'10.{77 + number % 100}.{os.getpid() % 256}'
        self.here, self.there, self.other = (f'{network}.{host}' for host in (1, 2, 3))
        self._programs: list[Program] = []

    def set_up(self) -> None:
        run('ip', 'netns', 'add', self.name)
        run('ip', 'link', 'add', self._cable, 'type', 'veth', 'peer', 'eth0', 'netns', self.name)
        run('ip', 'address', 'add', f'{self.here}/24', 'dev', self._cable)
        self.inside('ip', 'link', 'set', 'lo', 'up')
        self.add_address(self.there)

    def tear_down(self) -> None:
        for what in (('link', 'delete', self._cable), ('netns', 'delete', self.name)):
            with contextlib.suppress(OSError, subprocess.CalledProcessError):
                run('ip', *what)

    def plug_in(self) -> None:
        run('ip', 'link', 'set', self._cable, 'up')
        self.inside('ip', 'link', 'set', 'eth0', 'up')

    def unplug(self) -> None:
        run('ip', 'link', 'set', self._cable, 'down')

    def set_mtu(self, size: int) -> None:
        run('ip', 'link', 'set', self._cable, 'mtu', str(size))
        self.inside('ip', 'link', 'set', 'eth0', 'mtu', str(size))

    def add_address(self, address: str) -> None:
        self.inside('ip', 'address', 'add', f'{address}/24', 'dev', 'eth0')

    def delete_address(self, address: str) -> None:
        self.inside('ip', 'address', 'delete', f'{address}/24', 'dev', 'eth0')

    def keep_link_local_alone(self) -> str:
        """Leave the cable the addresses that interfaces give themselves; return this end's."""
        run('ip', 'address', 'delete', f'{self.here}/24', 'dev', self._cable)
        self.delete_address(self.there)
        for at, interface in ((run, self._cable), (self.inside, 'eth0')):
            # Without a wait of a second or two for others that have the same address.
            at('sh', '-c', f'echo 0 > /proc/sys/net/ipv6/conf/{interface}/accept_dad')
        self.plug_in()
        found = run('ip', '-6', '-o', 'address', 'show', 'dev', self._cable, 'scope', 'link')
        return found.split()[3].partition('/')[0]

    def inside(self, *command: str) -> str:
        """Run a command in the namespace; return its output."""
        # Not `ip netns exec`: it also mounts another /sys, which fails in a chroot.
        return run('nsenter', f'--net=/run/netns/{self.name}', *command)

    async def start_module(self, module: str, *arguments: str, **variables: str) -> Program:
        """Start a module of the package in the namespace; it is killed with the robot."""
        program = await Program.start(
            ENTER, self.name, f'webrtc_bridge.{module}', *arguments, **variables
        )
        self._programs.append(program)
        return program

    async def kill_all(self) -> None:
        await asyncio.gather(*(program.kill() for program in self._programs))


def run(*command: str) -> str:
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    return done.stdout


@contextlib.contextmanager
def new_robot() -> Iterator[Robot]:
    """Make a robot whose cable is not plugged in; skip the test where that is not allowed."""
    if not shutil.which('ip'):
        pytest.skip('needs iproute2')
    robot = Robot()
    try:
        robot.set_up()
    except (OSError, subprocess.CalledProcessError) as error:
        robot.tear_down()
        reason = str(getattr(error, 'stderr', '') or error).strip()
        pytest.skip(f'needs root, to make network namespaces: {reason}')
    try:
        yield robot
    finally:
        robot.tear_down()
