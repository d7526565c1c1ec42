"""The RTP session inside a webrtcbin: its reports, statistics and retransmissions."""

import asyncio
import functools
import time
from collections.abc import Callable
from typing import Any

from webrtc_bridge.gstreamer.library import Element, Gst, Pad, Signals, post
from webrtc_bridge.gstreamer.peer.arrivals import REPORTED, Arrivals
from webrtc_bridge.gstreamer.peer.branch import ViewerBranch
from webrtc_bridge.gstreamer.peer.feedback import parse_rtcp, sent_report
from webrtc_bridge.gstreamer.peer.retransmission import Retransmissions
from webrtc_bridge.gstreamer.structures import borrowed_structure, event_structure
from webrtc_bridge.media.bandwidth.feedback import Feedback
from webrtc_bridge.media.bandwidth.sent_reports import SentReports
from webrtc_bridge.media.rtp.capture_clock import from_ntp
from webrtc_bridge.peer.clock_channel import SentFrame

FIRST_REPORT_INTERVAL, REPORT_INTERVAL = 0.005, 1.0
'Seconds between sender reports; the first one tells when the first pictures were captured.'

RETRANSMISSION = 'GstRTPRetransmissionRequest'
'The event by which a session asks for a packet again, with its `seqnum` and `ssrc`.'

LOOK = 0.15
"""
Seconds between two looks at the number of the newest packet. If it is the same, that packet is
sent again, once: a viewer knows of a lost packet by a later one, and the next may never come.
"""


class RtpSession:
    """
    The session by which `webrtc` sends the packets of `branch`; made once its transport is up.

    `on_feedback` gets what the viewer reports. `reported` pairs an RTP timestamp with its time of
    capture, as the newest report does; any thread may read it. Belongs to the event loop.
    """

    def __init__(
        self, webrtc: Element, branch: ViewerBranch, on_feedback: Callable[[Feedback], None]
    ) -> None:
        self._branch = branch
        self._on_feedback = on_feedback
        self._loop = asyncio.get_running_loop()
        self._post = functools.partial(post, self._loop)
        self._retransmissions = Retransmissions()
        self._arrivals = Arrivals(branch.payload_type)
        self.reported: SentFrame | None = None
        self._first_reported = False
        self._sent_reports = SentReports()
        self._last: int | None = None
        self._sent_again: int | None = None
        rtpbin = webrtc.get_by_name('rtpbin')
        self._session: Element = rtpbin.emit('get-internal-session', 0)
        self._signals = Signals()
        self._signals.connect(self._session, 'on-receiving-rtcp', self._on_rtcp)
        sent = rtpbin.get_static_pad('send_rtp_src_0')
        sent.add_probe(Gst.PadProbeType.BUFFER, self._on_first_packet)
        self._entry: Pad = rtpbin.emit('get-session', 0).get_static_pad('send_rtp_sink')
        self._entry.add_probe(Gst.PadProbeType.EVENT_UPSTREAM, self._on_event)
        self._look = self._loop.call_later(LOOK, self._look_at_last)

    @property
    def packets_sent(self) -> int:
        """The number of packets of video sent so far, without retransmissions."""
        return self._statistic('packets-sent')

    @property
    def bytes_sent(self) -> int:
        """The bytes of video sent so far, without headers and retransmissions."""
        return self._statistic('octets-sent')

    def forget(self) -> None:
        """Retransmit nothing sent so far: it waits in a full link, or is no longer useful."""
        self._retransmissions.forget(self._branch.sequence)

    def close(self) -> None:
        """Listen no longer; idempotent."""
        self._look.cancel()
        self._signals.disconnect()
        self._session = self._entry = None

    def _statistic(self, name: str) -> int:
        if self._session is None:
            return 0
        source = self._session.emit('get-source-by-ssrc', self._branch.ssrc)
        return int(source.get_property('stats').get_value(name)) if source else 0

    def _on_rtcp(self, _: Element, buffer: Any) -> None:
        data = buffer.extract_dup(0, buffer.get_size())
        now = time.monotonic()
        feedback = parse_rtcp(bytes(data), self._branch.ssrc, self._sent_reports, now)
        self._post(self._report, feedback)

    def _report(self, feedback: Feedback) -> None:
        if self._session is not None:
            self._on_feedback(feedback)

    def _on_event(self, _: Pad, info: Any) -> Any:
        event = info.get_event()
        if event.has_name(REPORTED):
            self._on_arrivals(event)
        elif event.has_name(RETRANSMISSION) and not self._may_send_again(event):
            return Gst.PadProbeReturn.DROP
        return Gst.PadProbeReturn.OK

    def _on_arrivals(self, event: Any) -> None:
        if self._arrivals.may_look(self._branch.sequence):
            with borrowed_structure(event) as report:
                results = self._arrivals.results(report)
            self._post(self._report, Feedback(packet_results=results))

    def _may_send_again(self, event: Any) -> bool:
        """Keep the session from retransmitting too much."""
        request: Any = event_structure(event)
        return self._retransmissions.allows(request.get_value('seqnum'), self._branch.sequence)

    def _look_at_last(self) -> None:
        self._look = self._loop.call_later(LOOK, self._look_at_last)
        before, self._last = self._last, self._branch.sequence
        if self.packets_sent and self._last == before != self._sent_again:
            self._sent_again = self._last
            fields = f'seqnum=(uint){self._last},ssrc=(uint){self._branch.ssrc}'
            request = Gst.Structure.from_string(f'{RETRANSMISSION},{fields}')[0]
            self._entry.push_event(Gst.Event.new_custom(Gst.EventType.CUSTOM_UPSTREAM, request))

    def _on_first_packet(self, _: Pad, __: Any) -> Any:
        self._post(self._send_report)
        return Gst.PadProbeReturn.REMOVE

    def _send_report(self) -> None:
        """Report when the first picture was captured; the first regular report takes a while."""
        if self._session is not None:
            self._signals.connect(self._session, 'on-sending-rtcp', self._on_report_sent)
            self._set_report_interval(FIRST_REPORT_INTERVAL)

    def _on_report_sent(self, _: Element, buffer: Any, *__: Any) -> bool:
        self._retransmissions.note(self._branch.sequence)
        sent = sent_report(bytes(buffer.extract_dup(0, buffer.get_size())))
        if sent is not None:
            rtp, ntp = sent
            self._sent_reports.note(ntp, time.monotonic())
            self.reported = (rtp, from_ntp(ntp))
        if not self._first_reported:
            self._first_reported = True
            self._post(self._set_report_interval, REPORT_INTERVAL)
        return False  # nothing was added to it

    def _set_report_interval(self, seconds: float) -> None:
        """Set the least time between reports; this restarts the wait for the next one."""
        if self._session is not None:
            self._session.set_property('rtcp-min-interval', int(seconds * Gst.SECOND))
