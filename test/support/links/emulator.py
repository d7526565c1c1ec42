"""
A link emulator for any two peers: a signaling server's proxy, and a relay for their media.

    PYTHONPATH=.:test python -m support.links.emulator --server ws://127.0.0.1:8080 --profile geo

One of the two peers (either, or both) has to use the URL that it prints, by which it also serves
the pages. Options and commands change a field of `LinkModel` by NAME=VALUE in both directions, or
by video.NAME=VALUE and feedback.NAME=VALUE in one. Commands are lines of stdin:

    set NAME=VALUE…         change fields now
    profile NAME            change all fields to those of a profile
    rebind SIDE             let the other peer see SIDE (sender or receiver) at another port
    report                  print a line of JSON about the video's direction since the last report
    datagrams FILE          write all of the video's direction since the start as JSON: when they
                            had passed the bottleneck (Unix), bytes with headers, seconds of
                            waiting; then print "written"
"""

import argparse
import asyncio
import contextlib
import json
import os
import selectors
import sys
import time
from pathlib import Path
from typing import Any

from support.links.link_model import Served
from support.links.profiles import LAN, PROFILES, Change, Profile
from support.links.signaling_proxy import relayed_signaling
from support.links.udp_relay import Side, UdpRelay


def assignments(words: list[str]) -> dict[str, float]:
    """Return the values by name. Raises: ValueError."""
    pairs = [word.partition('=') for word in words]
    return {name: float(value) for name, _, value in pairs}


def change(text: str) -> Change:
    """Return the change at SECONDS:NAME=VALUE,… Raises: ValueError."""
    at, _, rest = text.partition(':')
    return Change(float(at), assignments(rest.split(',')))


def percentile(values: list[float], percent: float) -> float:
    """Return the value that `percent` of the values do not exceed; 0 of none."""
    values = sorted(values)
    return values[min(int(len(values) * percent / 100), len(values) - 1)] if values else 0.0


class Emulator:
    """A relay under commands."""

    def __init__(self, relay: UdpRelay) -> None:
        self._relay = relay
        self._served: list[Served] = []
        self._since = self._start = asyncio.get_running_loop().time()
        self._before = 0, 0, 0
        relay.to_receiver.served = self._served

    def obey(self, line: str) -> None:
        """Carry out one command."""
        command, *words = line.split()
        if command == 'set':
            self._relay.change(assignments(words))
        elif command == 'profile':
            self._relay.apply(PROFILES[words[0]])
        elif command == 'rebind':
            self._relay.change_port(Side(words[0]))
        elif command == 'report':
            print(json.dumps(self.report()), flush=True)
        elif command == 'datagrams':
            self.write_datagrams(Path(words[0]))
        else:
            raise ValueError(command)

    def report(self) -> dict[str, Any]:
        """Return what has passed the bottleneck towards the receiver since the last report."""
        link, now = self._relay.to_receiver, asyncio.get_running_loop().time()
        came, lost, number = link.came, link.lost, len(self._served)
        earlier_came, earlier_lost, earlier_number = self._before
        seconds, served = now - self._since, self._served[earlier_number:]
        self._before, self._since = (came, lost, number), now
        waited = [1000 * one.waited for one in served]
        return {
            'at': round(now - self._start, 3),
            'seconds': round(seconds, 3),
            'came': came - earlier_came,
            'lost': lost - earlier_lost,
            'kbit_s': round(8 * sum(one.size for one in served) / seconds / 1000, 1),
            'waited_p50_ms': round(percentile(waited, 50), 1),
            'waited_p95_ms': round(percentile(waited, 95), 1),
            'waited_max_ms': round(max(waited, default=0.0), 1),
        }

    def write_datagrams(self, file: Path) -> None:
        offset = time.time() - asyncio.get_running_loop().time()
        rows = [(one.at + offset, one.size, one.waited) for one in self._served]
        file.write_text(json.dumps(rows))
        print('written', flush=True)


async def read_commands(emulator: Emulator) -> None:
    """Obey stdin until its end."""
    reader = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(reader), sys.stdin
    )
    while line := await reader.readline():
        try:
            emulator.obey(line.decode())
        except (ValueError, KeyError, IndexError) as error:
            print(f'not understood: {line.decode().rstrip()} ({error!r})', flush=True)


async def report_regularly(emulator: Emulator, seconds: float) -> None:
    while True:
        await asyncio.sleep(seconds)
        emulator.obey('report')


async def emulate(server: str, profile: Profile, report: float) -> None:
    """Serve until the program is ended."""
    async with relayed_signaling(server) as (url, relay):
        emulator = Emulator(relay)
        relay.apply(profile)
        print(f'serving on {url}', flush=True)
        work = [asyncio.ensure_future(read_commands(emulator))]
        if report:
            work.append(asyncio.ensure_future(report_regularly(emulator, report)))
        await asyncio.gather(*work)
        await asyncio.Event().wait()


def take_precedence() -> None:
    """Be served before all other programs, where that is allowed: this one is a part of nature."""
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument('--server', required=True, help='URL of the signaling server')
    made.add_argument('--profile', choices=PROFILES, default=LAN.name)
    made.add_argument('--set', nargs='+', default=[], metavar='NAME=VALUE', help='other values')
    made.add_argument(
        '--change',
        action='append',
        type=change,
        default=[],
        metavar='SECONDS:NAME=VALUE,…',
        help='change fields later; may be given several times',
    )
    made.add_argument(
        '--report', type=float, default=0.0, metavar='SECONDS', help='report so often'
    )
    return made


if __name__ == '__main__':
    options = parser().parse_args()
    base = PROFILES[options.profile]
    wanted = Profile(
        base.name,
        {**base.fields, **assignments(options.set)},
        (*base.changes, *options.change),
        base.every,
    )
    take_precedence()
    # Not epoll, which waits for whole milliseconds.
    with (
        asyncio.Runner(
            loop_factory=lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())
        ) as runner,
        contextlib.suppress(KeyboardInterrupt),
    ):
        runner.run(emulate(options.server, wanted, options.report))
