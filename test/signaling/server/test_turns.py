import asyncio
import itertools

from webrtc_bridge.signaling.server.turns import Turns


async def test_in_one_pass_of_the_loop_only_so_many_have_their_turn() -> None:
    turns = Turns(most=4)
    handled: list[int] = []
    seen: list[int] = []

    async def reader(number: int) -> None:
        for _ in range(25):  # its socket always has more
            await turns.take()
            handled.append(number)

    async def newcomer() -> None:
        while len(handled) < 100:
            seen.append(len(handled))
            await asyncio.sleep(0)

    await asyncio.gather(newcomer(), *(reader(number) for number in range(4)))
    steps = [after - before for before, after in itertools.pairwise(seen)]
    assert max(steps) <= 2 * 4, 'those of one pass, and those let in for the next'
    assert all(handled.count(number) == 25 for number in range(4))


async def test_those_who_wait_come_in_order_and_one_who_left_costs_no_turn() -> None:
    turns = Turns(most=1)
    order: list[int] = []

    async def one(number: int) -> None:
        await turns.take()
        order.append(number)

    tasks = [asyncio.ensure_future(one(number)) for number in range(5)]
    await asyncio.sleep(0)
    tasks[2].cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    assert order == [0, 1, 3, 4]
    await asyncio.wait_for(one(5), 10)
    assert order[-1] == 5
