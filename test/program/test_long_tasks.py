"""Tasks that run as long as their program are watched."""

import asyncio

import pytest

from webrtc_bridge.program import long_tasks
from webrtc_bridge.program.cancellation import end
from webrtc_bridge.program.long_tasks import keep_running, run_together

DEADLINE = 20.0


@pytest.fixture(autouse=True)
def _soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(long_tasks, 'RESTART_DELAY', 0.0)


async def test_work_that_fails_is_logged_and_started_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    attempts = iter([ValueError('one'), ValueError('one'), KeyError('two'), None])

    async def work() -> None:
        if error := next(attempts):
            raise error

    async with asyncio.timeout(DEADLINE):
        await keep_running('the report', work)
    assert caplog.text.count('the report failed, and is started again') == 2
    assert caplog.text.count('ValueError: one') == 1
    assert "KeyError: 'two'" in caplog.text


async def test_work_that_is_cancelled_is_not_started_again() -> None:
    task = asyncio.ensure_future(keep_running('it', asyncio.get_running_loop().create_future))
    await asyncio.sleep(0)
    await end(task)
    assert task.cancelled()


async def test_the_first_that_fails_ends_the_others_and_is_raised() -> None:
    ended = []

    async def forever() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            ended.append(True)

    async def fail() -> None:
        raise ValueError('broken')

    with pytest.raises(ValueError, match='broken'):
        await run_together(forever(), fail(), forever())
    assert ended == [True, True]


async def test_a_cancellation_ends_all() -> None:
    futures = [asyncio.get_running_loop().create_future() for _ in range(2)]

    async def wait_for(future: 'asyncio.Future[None]') -> None:
        await future

    task = asyncio.ensure_future(run_together(*map(wait_for, futures)))
    await asyncio.sleep(0)
    await end(task)
    assert task.cancelled()
    assert all(future.cancelled() for future in futures)
