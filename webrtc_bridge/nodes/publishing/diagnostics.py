"""
Tells on /diagnostics, once a second, how each stream of a receiver is doing.

ERROR: no frame for `ERROR_SILENCE`. WARN: nothing is received (yet), no frame for 2 s, more than
`WARN_LOSS` of the packets lost in the last second, or stamps that are not times of capture though
these were asked for. OK otherwise.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence

from diagnostic_msgs.msg import DiagnosticArray, DiagnosticStatus, KeyValue
from rclpy.node import Node

from webrtc_bridge.receiving.selection import StreamState
from webrtc_bridge.receiving.stream_meter import StreamReport

INTERVAL = 1.0

ERROR_SILENCE = 5.0
WARN_LOSS = 0.05

MESSAGES = {
    StreamState.RECEIVING: 'receiving',
    StreamState.CONNECTING: 'connecting',
    StreamState.WAITING: 'waiting for the sender',
    StreamState.STALE: 'no frames come',
}
'What is said of each state of a `StreamReport`.'

Report = Callable[[], Awaitable[StreamReport]]


class Diagnostics:
    """Publish a node's stream reports (REP 107); create it before the node spins."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', 1)
        self._fallbacks: dict[Report, int] = {}

    async def publish(self, reports: Sequence[Report]) -> None:
        """Publish what each of `reports` returns every `INTERVAL` seconds, until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL)
            # In any case: rates and losses are those since they were asked for last.
            told = [await self._news(report) for report in reports]
            # For nobody it would be most of what a node without a stream takes.
            if self._publisher.get_subscription_count():
                message = DiagnosticArray(status=[self._status(*news) for news in told])
                message.header.stamp = self._node.get_clock().now().to_msg()
                self._publisher.publish(message)

    async def _news(self, get_report: Report) -> tuple[StreamReport, int]:
        """Return a report, and how many new pictures lacked a time of capture."""
        report = await get_report()
        before = self._fallbacks.get(get_report, 0)
        self._fallbacks[get_report] = report.stamp_fallbacks
        return report, report.stamp_fallbacks - before

    def _status(self, report: StreamReport, new_fallbacks: int) -> DiagnosticStatus:
        level, message = verdict(report, new_fallbacks)
        return DiagnosticStatus(
            level=level,
            name=f'{self._node.get_name()}: stream',
            message=message,
            hardware_id=report.sender_id,
            values=[KeyValue(key=key, value=value) for key, value in texts(report).items()],
        )


def verdict(report: StreamReport, new_fallbacks: int) -> tuple[bytes, str]:
    """Return level and message; `new_fallbacks` pictures lacked a time of capture of late."""
    message = MESSAGES[report.state]
    if report.silence is not None and report.silence >= ERROR_SILENCE:
        return DiagnosticStatus.ERROR, f'{message}, no frame for {report.silence:.0f} s'
    if report.state is not StreamState.RECEIVING:
        return DiagnosticStatus.WARN, message
    if report.loss > WARN_LOSS:
        return DiagnosticStatus.WARN, f'{message}, {report.loss:.0%} of the packets lost'
    if new_fallbacks > 0:
        return DiagnosticStatus.WARN, f'{message}, stamps are times of arrival'
    return DiagnosticStatus.OK, message


def texts(report: StreamReport) -> dict[str, str]:
    """Return a report as the texts that diagnostics consist of; unknown is empty."""

    def number(value: float | None) -> str:
        return '' if value is None else f'{value:.1f}'

    return {
        'state': report.state,
        'sender_id': report.sender_id,
        'silence_s': number(report.silence),
        'codec': report.codec,
        'resolution': f'{report.width}x{report.height}' if report.width else '',
        'fps': number(report.fps),
        'bitrate_kbps': f'{report.bitrate / 1000:.0f}',
        'loss_percent': number(100 * report.loss),
        'round_trip_ms': number(report.round_trip_ms),
        'path': report.path,
        'relayed': str('relay ' in report.path).lower() if report.path else '',
        'latency_p50_ms': number(report.latency_p50_ms),
        'latency_p95_ms': number(report.latency_p95_ms),
        'dropped': str(report.dropped),
        'skipped': str(report.skipped),
        'freezes': str(report.freezes),
        'clock_offset_ms': number(report.clock_offset_ms),
        'clock_uncertainty_ms': number(report.clock_uncertainty_ms),
        'stamp_fallbacks': str(report.stamp_fallbacks),
    }
