"""A link, a viewer and an encoder, simulated packet by packet, in no time."""

import random
from collections import deque
from dataclasses import dataclass

from support.links.link_model import LinkModel

from webrtc_bridge.media.bandwidth.feedback import Feedback
from webrtc_bridge.media.bandwidth.transport.estimator import TransportEstimator
from webrtc_bridge.media.rtp.sent_packets import PacketResult

FRAME = 1 / 30
PACKET = 1200
OVERHEAD = 70
'Bytes of a packet besides its payload: IP, UDP, SRTP, RTP and its extensions.'

KEYFRAME = 0.15
"Seconds' worth of the bit rate that a keyframe is, as the encoder's rate control allows."

BREAKS, PACKET_TIME = 3.0, 0.0002
'Breaks of a busy viewer or sender in a second, and the seconds that it needs for a packet.'

TICK = 0.00025
CLOCK_OFFSET = 1234.5


@dataclass(slots=True)
class Packet:
    """A packet in flight; `arrived` is None as long as it has not."""

    number: int
    sent: float
    size: int
    arrived: float | None = None


class Simulation:
    """
    Send video of `wants` bit/s over `link`, or of less if the estimator says so.

    The viewer reports every `interval` seconds, by a path that takes as long. `rates` has the time
    and rate of each frame, `arrivals` the time and size of each packet. Every `again`th packet is
    a retransmission; the viewer does something else for up to `busy` seconds, now and then, and
    the sender gets no time for up to `starved` seconds.
    """

    def __init__(
        self, link: LinkModel, wants: float = 10e6, interval: float = 0.1, seed: int = 1
    ) -> None:
        self.link, self.wants = link, wants
        self.link.served = []
        self.estimator = TransportEstimator('viewer')
        self.now, self.again, self.busy, self.starved = 0.0, 0, 0.0, 0.0
        self.rates: list[tuple[float, float]] = []
        self.arrivals: list[tuple[float, int]] = []
        self._interval, self._dice = interval, random.Random(seed)
        self._paused_until = self._next_report = self._debt = 0.0
        self._filmed, self._starved_until = 0, 0.0
        self._next_break = self._taken = 0.0
        self._needs_keyframe = True
        self._sent = 0
        self._unreported: deque[Packet] = deque()
        self._reports: deque[tuple[float, tuple[PacketResult, ...]]] = deque()

    def run(self, seconds: float) -> 'Simulation':
        for _ in range(round(seconds / FRAME)):
            self._film()
            self.now += FRAME
            while self._next_report <= self.now:
                self._report(self._next_report)
                self._next_report += self._interval
            self._take_reports()
        return self

    def used(self, start: float, end: float) -> float:
        """Return the bit/s that arrived from `start` to `end`, with their headers."""
        size = sum(size + OVERHEAD for time, size in self.arrivals if start <= time < end)
        return 8 * size / (end - start)

    def wait(self, start: float, end: float) -> float:
        """Return the seconds that 95 % of the packets waited at most."""
        waits = sorted(one.waited for one in self.link.served or () if start <= one.at < end)
        return waits[int(0.95 * len(waits))]

    def lowest(self, start: float = 0.0) -> float:
        return min(rate for time, rate in self.rates if time >= start)

    def mean(self, start: float = 0.0) -> float:
        rates = [rate for time, rate in self.rates if time >= start]
        return sum(rates) / len(rates)

    def _film(self) -> None:
        """Send a frame, or several after a break of a sender that is `starved`."""
        self._filmed += 1
        if self.now >= self._starved_until:
            for _ in range(self._filmed):
                self._send_frame()
            self._filmed = 0
            if self._dice.random() < BREAKS * FRAME:
                self._starved_until = self.now + self._dice.uniform(0, self.starved)

    def _send_frame(self) -> None:
        rate = min(self.wants, self.estimator.rate or self.wants)
        self.rates.append((self.now, rate))
        if self.now < self._paused_until:
            self._needs_keyframe = True
            return
        size = self._frame_size(rate)
        while size > 0:
            self._send(min(size, PACKET))
            size -= PACKET

    def _frame_size(self, rate: float) -> int:
        """Return the bytes of a frame: sizes vary, and the encoder makes up for what it spent."""
        bits = rate * FRAME
        size = bits * self._dice.lognormvariate(0, 0.15)
        if self._needs_keyframe:
            size, self._needs_keyframe = KEYFRAME * rate, False
        size = max(bits / 4, size - self._debt / 5)
        self._debt += size - bits
        return max(100, int(size / 8))

    def _send(self, size: int) -> None:
        packet = Packet(self._sent, self.now, size)
        self._sent += 1
        self._unreported.append(packet)
        self.link.take(self.now, size + OVERHEAD, None, packet)

    def _report(self, now: float) -> None:
        """Report all packets up to the newest that has come, and those missing as lost."""
        newest = -1
        while (at := self.link.next_at) is not None and at <= now:
            for packet in self.link.due(at):
                packet.arrived = self._taken_at(at)
                self.arrivals.append((at, packet.size))
                newest = max(newest, packet.number)
        results = []
        while self._unreported and self._unreported[0].number <= newest:
            results.append(self._result(self._unreported.popleft()))
        if results:
            self._reports.append((now + self.link.delay, tuple(results)))

    def _taken_at(self, at: float) -> float:
        """Return when a viewer that is `busy` now and then takes what arrives `at` a time."""
        while self._next_break <= at:
            self._taken = self._next_break + self._dice.uniform(0, self.busy)
            self._next_break += self._dice.expovariate(BREAKS)
        self._taken = max(at, self._taken + PACKET_TIME)
        return self._taken

    def _result(self, packet: Packet) -> PacketResult:
        again = self.again > 0 and packet.number % self.again == 0
        if packet.arrived is None:
            return PacketResult(packet.sent, None, packet.size, again)
        arrived = round((packet.arrived + CLOCK_OFFSET) / TICK) * TICK
        return PacketResult(packet.sent, arrived, packet.size, again)

    def _take_reports(self) -> None:
        while self._reports and self._reports[0][0] <= self.now:
            _, results = self._reports.popleft()
            pause = self.estimator.report(Feedback(packet_results=results), 0, self.now)
            if pause:
                self._paused_until = self.now + pause
