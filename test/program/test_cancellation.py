"""Tasks end and cleanup finishes, even if a cancellation is lost or comes again."""

import asyncio
import logging

import pytest

from webrtc_bridge.program.cancellation import end, finish, within

DEADLINE = 20.0


class Losing:
    """A task that loses its first `number` cancellations, as `asyncio.wait_for` may."""

    def __init__(self, number: int) -> None:
        self.lost = 0
        self._number = number
        self.started = asyncio.Event()
        self.task = asyncio.ensure_future(self._run())

    async def _run(self) -> None:
        while True:
            try:
                self.started.set()
                await asyncio.get_running_loop().create_future()
            except asyncio.CancelledError:
                if self.lost == self._number:
                    raise
                self.lost += 1


async def losing(number: int) -> Losing:
    one = Losing(number)
    await one.started.wait()
    return one


async def test_a_task_that_loses_its_cancellation_is_cancelled_again() -> None:
    one, other = await losing(2), await losing(0)
    await asyncio.wait({asyncio.ensure_future(end(one.task, None, other.task))}, timeout=DEADLINE)
    assert one.lost == 2
    assert one.task.cancelled()
    assert other.task.cancelled()


async def test_a_task_that_does_not_end_is_left_behind_and_named(
    caplog: pytest.LogCaptureFixture,
) -> None:
    one = await losing(10**6)
    await end(one.task, timeout=0.1)
    assert not one.task.done()
    assert 'left behind' in caplog.text
    assert '_run' in caplog.text
    one._number = one.lost
    await end(one.task)


async def test_what_has_ended_keeps_its_result_and_its_error() -> None:
    async def fail() -> None:
        raise ValueError

    failed, done = asyncio.ensure_future(fail()), asyncio.ensure_future(asyncio.sleep(0, 'result'))
    await asyncio.wait({failed, done})
    await end(failed, done)
    assert done.result() == 'result'
    assert isinstance(failed.exception(), ValueError)


async def test_whoever_ends_a_task_may_be_cancelled_and_ends_it_nevertheless() -> None:
    one = await losing(1)
    went_on = []

    async def clean_up() -> None:
        try:
            await asyncio.get_running_loop().create_future()
        finally:
            await end(one.task)
            went_on.append(one.task.cancelled())
            await asyncio.sleep(0)
            went_on.append('not cancelled')

    owner = asyncio.ensure_future(clean_up())
    await asyncio.sleep(0)
    await end(owner)
    assert owner.cancelled()
    assert went_on == [True]


async def test_a_cancellation_waits_for_the_cleanup_and_then_takes_effect() -> None:
    steps = []
    release = asyncio.Event()

    async def work() -> None:
        steps.append('started')
        await release.wait()
        steps.append('finished')

    async def owner() -> None:
        await finish(work())
        steps.append('went on')
        await asyncio.sleep(0)
        steps.append('not cancelled')

    task = asyncio.ensure_future(owner())
    for _ in range(3):
        await asyncio.sleep(0)
        task.cancel()
    release.set()
    await asyncio.wait({task}, timeout=DEADLINE)
    assert steps == ['started', 'finished', 'went on']
    assert task.cancelled()


async def test_cleanup_that_does_not_finish_is_ended() -> None:
    one = await losing(0)
    await finish(one.task, timeout=0.05)
    assert one.task.cancelled()


async def test_the_error_of_a_cleanup_is_raised() -> None:
    async def fail() -> None:
        raise ValueError('broken')

    with pytest.raises(ValueError, match='broken'):
        await finish(fail())


async def test_work_that_is_done_in_time_gives_its_result() -> None:
    assert await within(asyncio.sleep(0, 'result'), DEADLINE) == 'result'


async def test_work_that_takes_too_long_is_ended() -> None:
    one = await losing(1)
    with pytest.raises(TimeoutError):
        await within(one.task, 0.05)
    assert one.task.cancelled()


async def test_a_cancellation_in_the_moment_of_the_result_is_not_lost() -> None:
    """asyncio.wait_for of Python 3.11 returns the result, and the caller goes on."""
    result: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    went_on = []

    async def caller() -> None:
        await within(result, DEADLINE)
        went_on.append(True)

    task = asyncio.ensure_future(caller())
    await asyncio.sleep(0)
    result.set_result(None)
    task.cancel()
    await asyncio.wait({task}, timeout=DEADLINE)
    assert task.cancelled()
    assert went_on == []


async def test_within_leaves_a_shielded_task_running(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    one = await losing(0)
    with pytest.raises(TimeoutError):
        await within(asyncio.shield(one.task), 0.05)
    assert not one.task.done()
    await end(one.task)
