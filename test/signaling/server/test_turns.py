import asyncio
import itertools
from functools import partial

import pytest

from webrtc_bridge.signaling.server.turns import Turns


async def test_in_one_pass_of_the_loop_only_so_many_have_their_turn() -> None:
    turns = Turns(most=4)
    handled: list[int] = []
    seen: list[int] = []

    def handle(number: int) -> None:
        handled.append(number)
        if handled.count(number) < 25:  # its socket always has more
            go_on(number)

    def go_on(number: int) -> None:
        if turns.take(partial(handle, number)):
            handle(number)

    for number in range(4):
        go_on(number)
    while len(handled) < 100:
        seen.append(len(handled))
        await asyncio.sleep(0)
    steps = [after - before for before, after in itertools.pairwise(seen)]
    assert max(steps) <= 2 * 4, 'those of one pass, and those let in for the next'
    assert all(handled.count(number) == 25 for number in range(4))
    middle = handled[20:60]
    assert all(middle.count(number) == 10 for number in range(4)), 'one after the other'


async def test_those_who_wait_come_in_order_and_one_that_fails_holds_up_nobody(
    caplog: pytest.LogCaptureFixture,
) -> None:
    turns = Turns(most=1)
    order: list[int] = []
    done = asyncio.Event()

    def on_turn(number: int) -> None:
        if number == 2:
            raise ValueError
        order.append(number)
        if number == 4:
            done.set()

    assert turns.take(partial(on_turn, 0))
    for number in range(1, 5):
        assert not turns.take(partial(on_turn, number))
    await asyncio.wait_for(done.wait(), 10)
    assert order == [1, 3, 4]
    assert 'ValueError' in caplog.text
