"""
Publish the state of each stream of a receiver on /diagnostics, once a second.

ERROR: no frame for `ERROR_SILENCE`. WARN: nothing received yet, no frame for 2 s, more than
`WARN_LOSS` of the packets lost in the last second, or arrival times in stamps that should be
capture times. OK otherwise.
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
    StreamState.STALE: 'no frames arriving',
}
'The message for each state of a `StreamReport`.'

Report = Callable[[], Awaitable[StreamReport]]


class Diagnostics:
    """Publish a node's stream reports (REP 107); create it before the node spins."""

    def __init__(self, node: Node) -> None:
        self._node = node
        self._publisher = node.create_publisher(DiagnosticArray, '/diagnostics', 1)
        self._fallbacks: dict[Report, int] = {}

    async def publish(self, reports: Sequence[Report]) -> None:
        """Publish the result of each of `reports` every `INTERVAL` seconds, until cancelled."""
        while True:
            await asyncio.sleep(INTERVAL)
            # Even without subscribers: rates and losses are those since the last report.
            newest = [await self._newest(report) for report in reports]
            # Publishing to nobody would be most of the cost of a node without a stream.
            if self._publisher.get_subscription_count():
                message = DiagnosticArray(status=[self._status(*each) for each in newest])
                message.header.stamp = self._node.get_clock().now().to_msg()
                self._publisher.publish(message)

    async def _newest(self, get_report: Report) -> tuple[StreamReport, int]:
        """Return a report, and the number of new pictures without a capture time."""
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
    """Return level and message; `new_fallbacks` recent pictures had no capture time."""
    message = MESSAGES[report.state]
    if report.silence is not None and report.silence >= ERROR_SILENCE:
        return DiagnosticStatus.ERROR, f'{message}, no frame for {report.silence:.0f} s'
    if report.state is not StreamState.RECEIVING:
        return DiagnosticStatus.WARN, message
    if report.loss > WARN_LOSS:
        return DiagnosticStatus.WARN, f'{message}, {report.loss:.0%} of the packets lost'
    if new_fallbacks > 0:
        return DiagnosticStatus.WARN, f'{message}, stamping with arrival time'
    return DiagnosticStatus.OK, message


def texts(report: StreamReport) -> dict[str, str]:
    """Return a report as texts for diagnostics; an unknown value is empty."""

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
