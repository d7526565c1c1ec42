"""
The state of each topic that a sender node sends, for /diagnostics.

WARN: not registered at the signaling server, or viewers but no image in the last second. OK
otherwise.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from diagnostic_msgs.msg import DiagnosticStatus

from webrtc_bridge.nodes.ros.diagnostics_topic import INTERVAL, DiagnosticsTopic


@dataclass(frozen=True, slots=True)
class TopicReport:
    """Statistics at one moment; `images` and `dropped` count from the start."""

    sender_id: str
    topic: str
    connected: bool
    viewers: int
    images: int
    dropped: int


Report = Callable[[], TopicReport]


class TopicDiagnostics:
    """Make the statuses of a node's topics, whose reports come by the name of each."""

    def __init__(self, topic: DiagnosticsTopic, reports: Mapping[str, Report]) -> None:
        self._topic = topic
        self._reports = reports
        self._images = dict.fromkeys(reports, 0)

    async def statuses(self) -> list[DiagnosticStatus]:
        """Return the newest status of each topic."""
        return [self._status(name, report()) for name, report in self._reports.items()]

    def _status(self, name: str, report: TopicReport) -> DiagnosticStatus:
        before, self._images[name] = self._images[name], report.images
        new_images = report.images - before
        return self._topic.status(
            name, report.sender_id, verdict(report, new_images), texts(report, new_images)
        )


def part_names(sender_ids: Sequence[str]) -> list[str]:
    """Return a name for each of the topics that are sent as `sender_ids`, which may be empty."""
    if len(sender_ids) == 1:
        return ['topic']
    return [f'topic {sender_id or number}' for number, sender_id in enumerate(sender_ids, 1)]


def verdict(report: TopicReport, new_images: int) -> tuple[bytes, str]:
    """Return level and message; `new_images` have come since the last report."""
    if not report.connected:
        return DiagnosticStatus.WARN, 'not registered at the signaling server'
    if not report.viewers:
        return DiagnosticStatus.OK, 'no viewers'
    if not new_images:
        return DiagnosticStatus.WARN, f'no images for {viewers(report.viewers)}'
    return DiagnosticStatus.OK, f'sending to {viewers(report.viewers)}'


def viewers(number: int) -> str:
    """Return `number` of viewers in words."""
    return '1 viewer' if number == 1 else f'{number} viewers'


def texts(report: TopicReport, new_images: int) -> dict[str, str]:
    """Return a report as texts."""
    return {
        'sender_id': report.sender_id,
        'topic': report.topic,
        'connected': str(report.connected).lower(),
        'viewers': str(report.viewers),
        'fps': f'{new_images / INTERVAL:.1f}',
        'images': str(report.images),
        'dropped': str(report.dropped),
    }
