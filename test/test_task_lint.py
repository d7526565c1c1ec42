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
