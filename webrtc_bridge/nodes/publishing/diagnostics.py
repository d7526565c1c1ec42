"""
The state of each stream of a receiver, for /diagnostics.

ERROR: no frame for `ERROR_SILENCE`. WARN: nothing received yet, no frame for 2 s, more than
`WARN_LOSS` of the packets lost in the last second, or arrival times in stamps that should be
capture times. OK otherwise.
"""

from collections.abc import Awaitable, Callable, Mapping

from diagnostic_msgs.msg import DiagnosticStatus

from webrtc_bridge.nodes.ros.diagnostics_topic import DiagnosticsTopic
from webrtc_bridge.receiving.selection import StreamState
from webrtc_bridge.receiving.stream_meter import StreamReport

ERROR_SILENCE = 5.0
WARN_LOSS = 0.05

MESSAGES = {
    StreamState.RECEIVING: 'receiving',
    StreamState.CONNECTING: 'connecting',
    StreamState.WAITING: 'waiting for the sender',
    StreamState.STALE: 'no frames arriving',
    StreamState.IDLE: 'idle: nobody subscribes',
}
'The message for each state of a `StreamReport`.'

Report = Callable[[], Awaitable[StreamReport]]


class StreamDiagnostics:
    """Make the statuses of a node's streams, whose reports come by the name of each."""

    def __init__(self, topic: DiagnosticsTopic, reports: Mapping[str, Report]) -> None:
        self._topic = topic
        self._reports = reports
        self._fallbacks = dict.fromkeys(reports, 0)

    async def statuses(self) -> list[DiagnosticStatus]:
        """Return the newest status of each stream."""
        return [await self._status(name, report) for name, report in self._reports.items()]

    async def _status(self, name: str, get_report: Report) -> DiagnosticStatus:
        report = await get_report()
        before, self._fallbacks[name] = self._fallbacks[name], report.stamp_fallbacks
        new_fallbacks = report.stamp_fallbacks - before
        found = verdict(report, new_fallbacks)
        return self._topic.status(name, report.sender_id, found, texts(report))


def stream_name(sender_id: str) -> str:
    """Return the name of a stream: of the only one, which can be switched, or of one sender."""
    return f'stream {sender_id}' if sender_id else 'stream'


def verdict(report: StreamReport, new_fallbacks: int) -> tuple[bytes, str]:
    """Return level and message; `new_fallbacks` recent pictures had no capture time."""
    message = MESSAGES[report.state]
    if report.state is StreamState.IDLE:
        return DiagnosticStatus.OK, message
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
