"""No cancellation is awaited just once: the functions of program/cancellation.py are used."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import webrtc_bridge

PACKAGE = Path(webrtc_bridge.__file__).parent
HELPERS = PACKAGE / 'program/cancellation.py'
CLEANUP = {'end', 'finish'}
WAITS = {'asyncio.gather', 'asyncio.wait', 'asyncio.shield'}
Function = ast.AsyncFunctionDef


def problems(source: str) -> list[str]:
    """Return what may lose a cancellation, or be cut off by a second one, with its line."""
    tree = ast.parse(source)
    found = [
        (node.lineno, 'asyncio.wait_for loses cancellations: use within')
        for node in ast.walk(tree)
        if isinstance(node, ast.Attribute) and ast.unparse(node) == 'asyncio.wait_for'
    ]
    for function in ast.walk(tree):
        if isinstance(function, Function):
            found += [
                (line, 'await in a cleanup: use end or finish') for line in cut_off(function)
            ]
            found += [(line, 'awaits what it cancels once: use end') for line in once(function)]
    return [f'line {line}: {text}' for line, text in sorted(set(found))]


def cut_off(function: Function) -> Iterator[int]:
    """Yield the lines of awaits that a second cancellation would cut off."""
    for node in ast.walk(function):
        if isinstance(node, ast.Try):
            cleanups = list(node.finalbody)
            for handler in node.handlers:
                kinds = ast.unparse(handler.type) if handler.type else 'BaseException'
                if 'CancelledError' in kinds or 'BaseException' in kinds:
                    cleanups += handler.body
            for statement in cleanups:
                yield from (at.lineno for at in ast.walk(statement) if is_await(at))


def is_await(node: ast.AST) -> bool:
    if isinstance(node, ast.AsyncFor | ast.AsyncWith):
        return True
    if not isinstance(node, ast.Await):
        return False
    call = node.value
    return not (isinstance(call, ast.Call) and ast.unparse(call.func) in CLEANUP)


def once(function: Function) -> Iterator[int]:
    """Yield the lines of cancellations of what the same function awaits."""
    awaited = {name for node in ast.walk(function) for name in awaited_names(node)}
    loops = {
        ast.unparse(node.target): ast.unparse(node.iter)
        for node in ast.walk(function)
        if isinstance(node, ast.For)
    }
    for node in ast.walk(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            name = ast.unparse(node.func.value)
            if node.func.attr == 'cancel' and {name, loops.get(name)} & awaited:
                yield node.lineno


def awaited_names(node: ast.AST) -> Iterator[str]:
    if isinstance(node, ast.Await):
        call = node.value
        yield ast.unparse(call)
        if isinstance(call, ast.Call) and ast.unparse(call.func) in WAITS:
            for argument in call.args:
                inner = argument.value if isinstance(argument, ast.Starred) else argument
                yield ast.unparse(inner)
                yield from (ast.unparse(part) for part in ast.iter_child_nodes(inner))


@pytest.mark.parametrize(
    'path', sorted(set(PACKAGE.rglob('*.py')) - {HELPERS}), ids=lambda path: path.stem
)
def test_no_cancellation_is_lost_or_cuts_off_a_cleanup(path: Path) -> None:
    assert problems(path.read_text(encoding='utf-8')) == []


@pytest.mark.parametrize(
    ('body', 'found'),
    [
        ('await asyncio.wait_for(work, 1)', 'use within'),
        ('task.cancel()\n await task', 'awaits what it cancels once'),
        ('self._task.cancel()\n await asyncio.wait({self._task})', 'awaits what it cancels once'),
        ('for t in tasks: t.cancel()\n await asyncio.gather(*tasks)', 'awaits what it cancels'),
        ('try: pass\n finally: await close()', 'use end or finish'),
        ('try: pass\n except asyncio.CancelledError: await close()', 'use end or finish'),
        ('try: pass\n except BaseException:\n  async with x: pass', 'use end or finish'),
        ('try: pass\n finally:\n  if a:\n   await asyncio.wait({a})', 'use end or finish'),
    ],
)
def test_a_lost_cancellation_is_found(body: str, found: str) -> None:
    (problem,) = problems(f'async def f():\n {body}\n')
    assert found in problem


@pytest.mark.parametrize(
    'body',
    [
        'timer.cancel()\n await asyncio.sleep(1)',
        'try: pass\n finally:\n  await end(a)\n  await finish(close())',
        'try: pass\n except ValueError: await retry()',
        'await within(work, 1)',
    ],
)
def test_what_is_right_is_not_reported(body: str) -> None:
    assert problems(f'async def f():\n {body}\n') == []


AWAITED = 'awaited by whoever starts it, or by end'
KEPT = 'keep_running'
LOGS = 'logs its own failure, and whoever needs it does without'
TASKS = {
    'commands.demo.first_end': AWAITED,
    'doctor.ice_checks.check_ice_servers': AWAITED,
    'doctor.registration.run': AWAITED,
    'doctor.session_check.watch': AWAITED,
    'gstreamer.departures.start': LOGS,
    'gstreamer.sender.run': AWAITED,
    'gstreamer.supervisor._open': AWAITED,
    'gstreamer.supervisor.start': KEPT,
    'nodes.publishing.cameras.run': AWAITED,
    'nodes.ros.ros_thread.while_spinning': AWAITED,
    'peer.aiortc.ice_gathering.ask': LOGS,
    'peer.aiortc.patches.receiving.encoded_frames._send': 'one packet',
    'peer.aiortc.server_race._start_next': AWAITED,
    'peer.clock_channel.ask_on': KEPT,
    'peer.mdns._start': 'one candidate',
    'peer.session.run': LOGS,
    'program.lifetime.until_signal': f'{AWAITED}; {KEPT}',
    'program.long_tasks.run_together': AWAITED,
    'receiving.receiver._open': LOGS,
    'receiving.receiver.run': AWAITED,
    'sending.several_cameras.serve_all': AWAITED,
    'sending.viewers._start_session': LOGS,
    'sending.viewers.run': AWAITED,
    'signaling.client.client._connect_once': 'one that fails ends the connection',
    'signaling.server.connection._enqueue': 'of one socket',
    'signaling.server.connection.close': 'of one socket',
    'signaling.server.handshake_guard._shake_hands': AWAITED,
    'signaling.server.handshake_guard.connection_made': 'of one socket',
    'signaling.server.peer_sockets.close': AWAITED,
    'signaling.server.server.start': KEPT,
}
"""
The functions that start tasks, and how each task is watched.

Those that run as long as their program are broken in `test/faults/test_long_tasks.py`.
"""


def started_in(path: Path) -> Iterator[str]:
    """Yield the functions of a module that start tasks."""
    module = '.'.join(path.relative_to(PACKAGE).with_suffix('').parts)
    for function in ast.walk(ast.parse(path.read_text(encoding='utf-8'))):
        if isinstance(function, Function | ast.FunctionDef):
            calls = (node for node in ast.walk(function) if isinstance(node, ast.Call))
            names = {ast.unparse(call.func).rpartition('.')[2] for call in calls}
            is_ros = 'executor.create_task' in ast.unparse(function)
            if names & {'create_task', 'ensure_future'} and not is_ros:
                yield f'{module}.{function.name}'


def test_each_task_is_watched() -> None:
    paths = set(PACKAGE.rglob('*.py')) - {HELPERS}
    assert {name for path in paths for name in started_in(path)} == set(TASKS)
