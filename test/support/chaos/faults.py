"""Faults that a fleet must survive; each returns once it is over, with the time to recover."""

import asyncio
import contextlib
import os
import random
import resource
import shutil
import signal
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from sensor_msgs.msg import CameraInfo
from sensor_msgs.srv import SetCameraInfo
from support.chaos.fleet import Fleet, Member, pictures_of_program
from support.programs import SUPPORT, Program, Start
from support.ros.ros_calls import TIMEOUT, called

RECOVERY = 5.0
'Seconds within which every picture is back (docs/reliability.md).'

RECOVERY_OF_SESSIONS = 15.0
'The same where a peer may have been refused in the middle of its negotiation.'

END = 10.0
'Seconds in which a program ends that is asked to, with a machine full of others.'

CLOCK_STEPS = (0.0, 1.5, 3600.0, 30 * 86400.0)
'Seconds: as NTP sets a clock, as daylight saving is mistaken for it, and as after a dead battery.'

SPARE_FILES = 3
VIEWERS = 10


@dataclass
class Means:
    """Tools of the faults: the dice, a way to start programs and a disk that can be filled."""

    dice: random.Random
    start: Start
    disk: Path
    taken: set[str] = field(default_factory=set)
    'Names of the members that have a fault at this moment.'

    def member(self, fleet: Fleet, *, ours: bool = False) -> Member:
        """Take any member, or one of our programs, that has no other fault."""
        free = [
            member
            for member in fleet.members.values()
            if member.name not in self.taken and (member.ours or not ours)
        ]
        member = self.dice.choice(free)
        self.taken.add(member.name)
        return member

    def another(self) -> 'Means':
        """Return the means of a fault at the same time, whose dice fall as in a replay."""
        return replace(self, dice=random.Random(self.dice.randrange(1 << 32)))


Fault = Callable[[Fleet, Means], Awaitable[tuple[str, float]]]
'Returns what was done to whom, and the seconds within which everything must be back.'


async def kill(fleet: Fleet, means: Means) -> tuple[str, float]:
    """End a program without notice, and start it again."""
    member = means.member(fleet)
    await member.program.kill()
    await member.run()
    return f'{member.name} was killed', RECOVERY


async def terminate(fleet: Fleet, means: Means) -> tuple[str, float]:
    """End a program as a service manager does, and start it again."""
    member = means.member(fleet, ours=True)
    number = means.dice.choice([signal.SIGTERM, signal.SIGINT])
    assert await member.program.stop(number, timeout=END) == 0, member.program.output
    await member.run()
    return f'{member.name} got {number.name}', RECOVERY


async def pause(fleet: Fleet, means: Means) -> tuple[str, float]:
    """Stop a program for some seconds, as a suspended machine does."""
    member, seconds = means.member(fleet), means.dice.uniform(0.5, 12.0)
    member.send(signal.SIGSTOP)
    try:
        await asyncio.sleep(seconds)
    finally:
        member.send(signal.SIGCONT)
    return f'{member.name} stood still for {seconds:.1f} s', RECOVERY


async def step_clock(fleet: Fleet, means: Means) -> tuple[str, float]:
    """Set a program's clock, forward or back."""
    member = means.member(fleet)
    seconds = means.dice.choice(CLOCK_STEPS) * means.dice.choice([1, -1])
    member.clock.set(seconds)
    return f'the clock of {member.name} is ahead by {seconds:g} s', RECOVERY


async def cut_link(fleet: Fleet, means: Means) -> tuple[str, float]:
    """Cut the relayed link for some seconds."""
    seconds = means.dice.uniform(0.2, 10.0)
    fleet.relay.set_down(True)
    await asyncio.sleep(seconds)
    fleet.relay.set_down(False)
    return f'the link was down for {seconds:.1f} s', RECOVERY


async def impair_link(fleet: Fleet, means: Means) -> tuple[str, float]:
    """Lose, delay and reorder packets, and narrow the link, for some seconds."""
    dice, link = means.dice, fleet.relay.to_receiver
    changes = {
        'loss': dice.uniform(0, 0.2),
        'delay': dice.uniform(0, 0.2),
        'jitter': dice.uniform(0, 0.05),
        'reordered': dice.uniform(0, 0.1),
        'rate': dice.choice([0.0, 300e3, 1e6]),
    }
    before = {name: getattr(link, name) for name in changes}
    for name, value in changes.items():
        setattr(link, name, value)
    await asyncio.sleep(dice.uniform(2.0, 8.0))
    for name, value in before.items():
        setattr(link, name, value)
    said = ', '.join(f'{name} {value:.2g}' for name, value in changes.items())
    return f'the link had {said}', RECOVERY


async def take_files(fleet: Fleet, means: Means) -> tuple[str, float]:
    """Let a program open hardly any more files while viewers come to all senders."""
    member = means.member(fleet)
    with few_files(member):
        async with viewers(fleet, means, ['front', 'rear']):
            await asyncio.sleep(means.dice.uniform(2.0, 5.0))
    return f'{member.name} could open no more files', RECOVERY_OF_SESSIONS


@contextmanager
def few_files(member: Member) -> Iterator[None]:
    soft, hard = resource.prlimit(member.pid, resource.RLIMIT_NOFILE)
    few = member.resources.files + SPARE_FILES
    resource.prlimit(member.pid, resource.RLIMIT_NOFILE, (few, hard))
    try:
        yield
    finally:
        resource.prlimit(member.pid, resource.RLIMIT_NOFILE, (soft, hard))


@contextlib.asynccontextmanager
async def viewers(fleet: Fleet, means: Means, sender_ids: list[str]):
    """Let a program with many receivers come to each sender, and go without notice."""
    words = (str(SUPPORT / 'peers/viewing.py'), fleet.server_url)
    programs: list[Program] = [
        await means.start(*words, sender_id, str(VIEWERS), **fleet.visitor)
        for sender_id in sender_ids
    ]
    try:
        yield
    finally:
        for program in programs:
            await program.kill()


async def crowd(fleet: Fleet, means: Means) -> tuple[str, float]:
    """Let many viewers come, and go without notice."""
    async with viewers(fleet, means, ['front', 'rear', 'robot']):
        await asyncio.sleep(means.dice.uniform(0.0, 4.0))
    return f'{VIEWERS} viewers of each sender were killed', RECOVERY


async def attack(fleet: Fleet, means: Means) -> tuple[str, float]:
    """Flood the server."""
    scheme, host, port = fleet.server_url.replace('//', '').split(':')
    attack = str(SUPPORT / 'signaling/attack.py')
    program = await means.start(attack, host, port, scheme, **fleet.visitor)
    await asyncio.sleep(means.dice.uniform(2.0, 5.0))
    await program.kill()
    return 'the server was attacked', RECOVERY


async def attack_sender(fleet: Fleet, means: Means) -> tuple[str, float]:
    """Let a viewer send garbage within its sessions: RTP, RTCP, SCTP, messages, answers."""
    sender_id = means.dice.choice(['front', 'rear', 'robot'])
    async with hostile(fleet, means, 'viewer', sender_id) as program:
        await begun(program)
        await asyncio.sleep(means.dice.uniform(2.0, 8.0))
    return f'{sender_id} had a hostile viewer', RECOVERY


async def attack_receiver(fleet: Fleet, means: Means) -> tuple[str, float]:
    """Let a sender send garbage to a receiver, which goes on to answer."""
    viewing = str(SUPPORT / 'peers/viewing.py')
    sender_id = f'evil{means.dice.randrange(1 << 16)}'
    async with hostile(fleet, means, 'publisher', sender_id) as program:
        victim = await means.start(viewing, fleet.server_url, sender_id, '1', **fleet.visitor)
        await begun(program)
        await asyncio.sleep(means.dice.uniform(2.0, 8.0))
        await pictures_of_program(victim)
        assert 'Traceback' not in victim.output, victim.output
        await victim.kill()
    return 'a receiver had a hostile sender', RECOVERY


@contextlib.asynccontextmanager
async def hostile(fleet: Fleet, means: Means, role: str, sender_id: str):
    """Run a hostile peer."""
    words = (str(SUPPORT / 'peers/hostile_session.py'), fleet.server_url, role, sender_id)
    seed = str(means.dice.randrange(1 << 32))
    program = await means.start(*words, seed, **fleet.visitor)
    try:
        yield program
    finally:
        await program.kill()
    print(f'({program.output.count("attacking")} hostile sessions) ', end='')


async def begun(program: Program) -> None:
    """Wait until a hostile peer has a session, unless another fault keeps it out."""
    with contextlib.suppress(AssertionError):
        await program.line('attacking', timeout=END)


async def fill_disk(fleet: Fleet, means: Means) -> tuple[str, float]:
    """Save a calibration on a full disk, which changes nothing, and then on a free one."""
    if fleet.saver in means.taken:
        return 'nothing', 0.0
    means.taken.add(fleet.saver)
    saved = {path: path.read_bytes() for path in means.disk.iterdir()}
    filler = means.disk / 'filler'
    fill(filler)
    reply = await asyncio.to_thread(called, set_camera_info)
    assert not reply.success
    assert reply.status_message
    filler.unlink()
    assert {path: path.read_bytes() for path in means.disk.iterdir()} == saved
    reply = await asyncio.to_thread(called, set_camera_info)
    assert reply.success, reply.status_message
    return 'the disk was full', RECOVERY


def fill(path: Path) -> None:
    """Write until the disk is full."""
    with contextlib.suppress(OSError), path.open('wb', buffering=0) as file:
        for _ in range(shutil.disk_usage(path.parent).total // 512 + 1):
            file.write(os.urandom(512))


def set_camera_info(caller):
    client = caller.create_client(SetCameraInfo, 'set_camera_info')
    assert client.wait_for_service(TIMEOUT)
    info = CameraInfo(width=320, height=240, distortion_model='plumb_bob', d=[0.1])
    info.k = [300.0, 0.0, 160.0, 0.0, 300.0, 120.0, 0.0, 0.0, 1.0]
    return client.call_async(SetCameraInfo.Request(camera_info=info))


FAULTS: list[Fault] = [
    kill,
    terminate,
    pause,
    step_clock,
    cut_link,
    impair_link,
    take_files,
    crowd,
    attack,
    attack_sender,
    attack_receiver,
    fill_disk,
]


async def at_random(fleet: Fleet, means: Means) -> tuple[str, float]:
    """Let one fault happen, or two at once; return what, and the time to recover."""
    chosen = means.dice.sample(FAULTS, means.dice.choice([1, 1, 2]))
    means.taken.clear()
    done = await asyncio.gather(*(fault(fleet, means.another()) for fault in chosen))
    return ' while '.join(what for what, _ in done), max(RECOVERY, *(limit for _, limit in done))
