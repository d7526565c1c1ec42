"""The topic /diagnostics, and the names of what is reported there (REP 107)."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

INTERVAL = 1.0


class DiagnosticsTopic:
    """Publish statuses of `node` once a second; create it before the node spins."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', 1)

    async def publish(self, make: Callable[[], Awaitable[Sequence[DiagnosticStatus]]]) -> None:
        """Publish what `make` returns every `INTERVAL` seconds, until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL)
            # Even without subscribers: rates and losses are those since the last report.
            statuses = await make()
            # Publishing to nobody would be most of the cost of a node without a stream.
            if self._publisher.get_subscription_count():
                message = DiagnosticArray(status=statuses)
                message.header.stamp = self._node.get_clock().now().to_msg()
                self._publisher.publish(message)

    def status(
        self, part: str, hardware_id: str, verdict: tuple[bytes, str], values: Mapping[str, str]
    ) -> DiagnosticStatus:
        """
        Return the status of `part` of the node, from its level and message.

        An aggregator distinguishes statuses by their names alone, so a node in a namespace, of
        which there may be several, has it in the name.
        """
        level, message = verdict
        namespace = self._node.get_namespace().strip('/')
        name = self._node.get_name()
        return DiagnosticStatus(
            level=level,
            name=f'{namespace}/{name}: {part}' if namespace else f'{name}: {part}',
            message=message,
            hardware_id=hardware_id,
            values=[KeyValue(key=key, value=value) for key, value in values.items()],
        )
