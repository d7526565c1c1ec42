"""The messages that an ordinary subscriber gets from a topic."""

import asyncio
import time
from collections.abc import Callable
from typing import Any


class Collected:
    """Subscribe `node`, whose callbacks run in another thread, and keep all messages."""

    def __init__(self, node: Any, kind: type, topic: str, qos: Any = 10) -> None:
        self.messages: list[Any] = []
        self._node = node
        self._subscription = node.create_subscription(kind, topic, self.messages.append, qos)

    async def wait_for_more(self, number: int = 1, timeout: float = 15.0) -> list[Any]:
        """Return `number` messages that come from now on."""
        before = len(self.messages)
        await until(lambda: len(self.messages) >= before + number, timeout)
        return self.messages[before : before + number]

    def stop(self) -> None:
        """Unsubscribe."""
        self._node.destroy_subscription(self._subscription)

    @property
    def stamps(self) -> list[int]:
        return [stamp_of(message) for message in self.messages]


def stamp_of(message: Any) -> int:
    return message.header.stamp.sec * 1_000_000_000 + message.header.stamp.nanosec


async def until(condition: Callable[[], object], timeout: float = 15.0) -> None:
    """Wait until `condition()` holds."""
    end = time.monotonic() + timeout
    while not condition():
        assert time.monotonic() < end, f'not so after {timeout} s'
        await asyncio.sleep(0.01)
