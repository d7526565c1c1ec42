"""Tells on /diagnostics, once a second, how a receiver is doing."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from webrtc_bridge.media.stream_meter import StreamReport

INTERVAL = 1.0

MESSAGES = {
    'receiving': (DiagnosticStatus.OK, 'receiving'),
    'connecting': (DiagnosticStatus.WARN, 'connecting'),
    'waiting': (DiagnosticStatus.WARN, 'waiting for the sender'),
    'stale': (DiagnosticStatus.ERROR, 'no frames come'),
}
'Level and message for each state of a `StreamReport`.'


class Diagnostics:
    """Publish a node's stream reports (REP 107); create it before the node spins."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', 1)

    async def publish(self, reports: Sequence[Callable[[], Awaitable[StreamReport]]]) -> None:
        """Publish what each of `reports` returns every `INTERVAL` seconds, until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL)
            message = DiagnosticArray(status=[self._status(await report()) for report in reports])
            message.header.stamp = self._node.get_clock().now().to_msg()
            self._publisher.publish(message)

    def _status(self, report: StreamReport) -> DiagnosticStatus:
        level, text = MESSAGES[report.state]
        return DiagnosticStatus(
            level=level,
            name=f'{self._node.get_name()}: stream',
            message=text,
            hardware_id=report.sender_id,
            values=[KeyValue(key=key, value=value) for key, value in texts(report).items()],
        )


def texts(report: StreamReport) -> dict[str, str]:
    """Return a report as the texts that diagnostics consist of; unknown is empty."""

    def milliseconds(latency: float | None) -> str:
        return '' if latency is None else f'{latency:.1f}'

    return {
        'state': report.state,
        'sender_id': report.sender_id,
        'codec': report.codec,
        'resolution': f'{report.width}x{report.height}' if report.width else '',
        'fps': f'{report.fps:.1f}',
        'bitrate_kbps': f'{report.bitrate / 1000:.0f}',
        'packets_received': str(report.packets_received),
        'packets_lost': str(report.packets_lost),
        'latency_p50_ms': milliseconds(report.latency_p50),
        'latency_p95_ms': milliseconds(report.latency_p95),
        'dropped': str(report.dropped),
    }
