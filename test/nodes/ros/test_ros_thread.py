import asyncio
import threading

import pytest
from rclpy.node import Node
from std_srvs.srv import Trigger

from webrtc_bridge.nodes.ros.ros_thread import RosStartError, initialised, while_spinning


async def forever(started: asyncio.Event | None = None) -> None:
    if started:
        started.set()
    await asyncio.Event().wait()


def names_of_threads() -> set[str]:
    return {thread.name for thread in threading.enumerate()}


async def test_callbacks_run_in_another_thread_while_work_runs_in_the_event_loop(make_node):
    node: Node = make_node()
    called = asyncio.get_running_loop().create_future()
    loop = asyncio.get_running_loop()

    def callback() -> None:
        timer.cancel()
        loop.call_soon_threadsafe(called.set_result, threading.current_thread().name)

    timer = node.create_timer(0.01, callback)

    async def work() -> None:
        assert await asyncio.wait_for(called, 10) == 'spin a_node'

    await while_spinning(node, work())
    assert 'spin a_node' not in names_of_threads()


async def test_an_exception_in_a_callback_ends_the_work_and_is_raised(make_node):
    node = make_node()

    def callback() -> None:
        raise ZeroDivisionError('in a callback')

    node.create_timer(0.01, callback)
    with pytest.raises(ZeroDivisionError, match='in a callback'):
        await asyncio.wait_for(while_spinning(node, forever()), 10)
    assert 'spin a_node' not in names_of_threads()


async def test_an_exception_of_the_work_is_raised(make_node):
    async def work() -> None:
        raise ZeroDivisionError('in the work')

    with pytest.raises(ZeroDivisionError, match='in the work'):
        await while_spinning(make_node(), work())
    assert 'spin a_node' not in names_of_threads()


async def test_cancelling_lets_the_work_clean_up_while_the_node_still_spins(make_node):
    node = make_node()
    spinning_at_the_end = False
    started = asyncio.Event()

    async def work() -> None:
        nonlocal spinning_at_the_end
        try:
            await forever(started)
        finally:
            await asyncio.sleep(0)
            spinning_at_the_end = 'spin a_node' in names_of_threads()

    task = asyncio.ensure_future(while_spinning(node, work()))
    await asyncio.wait_for(started.wait(), 10)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await asyncio.wait_for(task, 10)
    assert spinning_at_the_end
    assert 'spin a_node' not in names_of_threads()


async def test_an_exception_while_cleaning_up_is_raised(make_node):
    started = asyncio.Event()

    async def work() -> None:
        try:
            await forever(started)
        finally:
            raise ZeroDivisionError('while cleaning up')

    task = asyncio.ensure_future(while_spinning(make_node(), work()))
    await asyncio.wait_for(started.wait(), 10)
    task.cancel()
    with pytest.raises(ZeroDivisionError, match='while cleaning up'):
        await asyncio.wait_for(task, 10)


async def test_a_callback_that_runs_at_the_end_is_waited_for(make_node):
    node = make_node()
    entered = threading.Event()
    leave = threading.Event()
    left = threading.Event()

    def callback() -> None:
        entered.set()
        leave.wait(10)
        left.set()

    node.create_timer(0.01, callback)

    async def work() -> None:
        await asyncio.to_thread(entered.wait, 10)
        threading.Timer(0.1, leave.set).start()

    await while_spinning(node, work())
    assert left.is_set()


async def test_a_node_can_be_spun_and_ended_many_times_without_a_trace(make_node):
    node = make_node()
    node.create_service(Trigger, 'a_service', lambda request, response: response)
    before = names_of_threads()
    for _ in range(30):
        await while_spinning(node, asyncio.sleep(0))
    assert names_of_threads() == before


@pytest.mark.parametrize(
    ('arguments', 'reason'),
    [
        (['--foo'], '--foo'),
        (['-p', 'nonsense'], 'nonsense'),
        (['--params-file', '/no/such/file'], 'Error opening YAML file'),
        (['--log-level', 'loud'], 'severity'),
    ],
)
def test_invalid_ros_arguments_are_refused_in_one_line(arguments, reason):
    with (
        pytest.raises(RosStartError, match=reason) as caught,
        initialised(['--ros-args', *arguments]),
    ):
        pass
    assert caught.value.exit_status == 2
    assert '\n' not in str(caught.value)
    assert '.c:' not in str(caught.value)
