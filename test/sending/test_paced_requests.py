import asyncio

import pytest

from webrtc_bridge.sending import paced_requests
from webrtc_bridge.sending.paced_requests import AT_ONCE, MOST, PacedRequests
from webrtc_bridge.signaling.protocol.messages import RequestOffer

DEADLINE = 10.0


class Crowd:
    def __init__(self) -> None:
        self.begun: list[str] = []
        self.refused: list[str] = []
        self.requests = PacedRequests(
            lambda request: self.begun.append(request.peer_id),
            lambda request: self.refused.append(request.peer_id),
        )

    def ask(self, viewer: str) -> None:
        self.requests.add(RequestOffer(viewer, f'of {viewer}'))

    async def all_begun(self, number: int) -> None:
        async def poll() -> None:
            while len(self.begun) < number:  # noqa: ASYNC110 - no event to wait for
                await asyncio.sleep(0.001)

        await asyncio.wait_for(poll(), DEADLINE)


async def test_a_few_begin_at_once_and_of_a_crowd_the_newest_first(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(paced_requests, 'INTERVAL', 0.3)
    crowd = Crowd()
    names = [f'v{number}' for number in range(AT_ONCE + 3)]
    for name in names:
        crowd.ask(name)
    assert crowd.begun == names[:AT_ONCE]
    await crowd.all_begun(len(names))
    assert crowd.begun[AT_ONCE:] == names[: AT_ONCE - 1 : -1]
    assert crowd.refused == []


async def test_who_waits_is_counted_once_can_leave_and_makes_room(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(paced_requests, 'INTERVAL', 3600.0)
    crowd = Crowd()
    for number in range(AT_ONCE):
        crowd.ask(f'v{number}')
    for _ in range(3 * MOST):
        crowd.ask('impatient')
    assert crowd.refused == []
    for number in range(MOST):
        crowd.ask(f'w{number}')
    assert crowd.refused == ['impatient']
    crowd.requests.forget('of w0')
    crowd.ask('another')
    assert crowd.refused == ['impatient']
    crowd.ask('one more')
    assert crowd.refused == ['impatient', 'w1']
    assert len(crowd.begun) == AT_ONCE
    crowd.requests.clear()
