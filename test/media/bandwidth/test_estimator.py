"""The estimator behind simulated links, without waiting for any of them."""

import random

import pytest

from webrtc_bridge.media.bandwidth.estimator import (
    LONGEST_PAUSE,
    BandwidthEstimator,
    EstimatorState,
)
from webrtc_bridge.media.bandwidth.feedback import Feedback, PacketCounts
from webrtc_bridge.media.bandwidth.unused_limit import TRIAL

FRAME = 1 / 30


class Link:
    """
    A link that carries `capacity` bit/s, and a viewer behind it that reports as aiortc does.

    `wants` is the bit rate of the video, which is sent at no more than the allowed rate. A queue
    longer than `queue` seconds drops packets. An `eager` viewer reports right after losses, up to
    ten times a second, as Chromium does.
    """

    def __init__(
        self, capacity, wants=1e6, queue=0.5, loss=0.0, delay=0.01, estimates=True, eager=False
    ):
        self.rate = BandwidthEstimator('viewer')
        self.rate.begin(0.0)
        self.capacity, self.wants, self.queue, self.loss = capacity, wants, queue, loss
        self.delay, self.estimates, self.eager = delay, estimates, eager
        self.now = self.waiting = self.paused_until = 0.0
        self.sent = 0.0
        self.waits = []
        self.rates = []
        self.pauses = []
        self._estimate = None
        self._reported_loss = 0
        self._packets = [0, 0]
        self._dice = random.Random(1)
        self._reported = self._estimated = 0.0
        self._came = []

    def run(self, seconds):
        for _ in range(int(seconds / FRAME)):
            self._step()
        return self

    def _step(self):
        self.now += FRAME
        before = self.waiting
        self.waiting = max(0.0, self.waiting - FRAME)
        carried = min(self.capacity * FRAME, before * self.capacity)
        rate = min(self.wants, self.rate.rate or self.wants)
        if self.now >= self.paused_until:
            for _ in range(4):
                carried += self._send(rate * FRAME / 4)
        self._came.append(min(carried, self.capacity * FRAME))
        self.waits.append(self.waiting)
        self.rates.append(self.rate.rate)
        lost = self._packets[1] - self._reported_loss
        if self.now - self._reported >= (0.1 if self.eager and lost else 1.0):
            self._report()
        if self.estimates and self.now - self._estimated >= 0.5 and self.now > 3 * FRAME:
            self._send_estimate()

    def _send(self, bits):
        self.sent += bits / 8
        self._packets[0] += 1
        if self._dice.random() < self.loss or self.waiting > self.queue:
            self._packets[1] += 1
            return 0.0
        room = self.capacity * FRAME - self.waiting * self.capacity
        self.waiting += bits / self.capacity
        return min(bits, max(0.0, room))

    def _report(self):
        self._reported = self.now
        sent, self._reported_loss = self._packets
        counts = PacketCounts(sent, self._reported_loss)
        self._take(Feedback(packets=counts, round_trip=self.delay + self.waiting))

    def _send_estimate(self):
        self._estimated = self.now
        came = sum(self._came[-30:]) / (min(30, len(self._came)) * FRAME)
        if self.waiting > 0.06:
            self._estimate = 0.85 * came
        elif self._estimate is None:
            if self.now < 3:
                return
            self._estimate = came
        else:
            self._estimate = min(1.04 * self._estimate, max(self._estimate, 1.5 * came + 10_000))
        self._take(Feedback(bitrate_estimate=int(self._estimate)))

    def _take(self, feedback):
        pause = self.rate.report(feedback, int(self.sent), self.now)
        if pause:
            self.pauses.append(pause)
            self.paused_until = self.now + pause


def p95(values):
    return sorted(values)[int(0.95 * len(values))]


def since(values, seconds):
    return values[int(seconds / FRAME) :]


@pytest.mark.parametrize('queue', [0.2, 0.5, 5.0])
@pytest.mark.parametrize('estimates', [True, False], ids=['REMB', 'no REMB'])
@pytest.mark.parametrize('capacity', [150e3, 300e3, 700e3])
def test_a_narrow_link_is_filled_without_a_queue(capacity, estimates, queue):
    link = Link(capacity, queue=queue, estimates=estimates).run(60)
    # A second or more passes until the first report; by then the queue may hold seconds.
    assert p95(since(link.waits, 6 if queue < 1 else 20)) < 0.3
    used = [rate / capacity for rate in since(link.rates, 15)]
    assert sum(used) / len(used) > 0.6
    assert max(used) < 1.4


def test_a_wide_link_has_no_limit():
    assert Link(20e6).run(30).rate.rate is None


def test_an_estimate_of_a_viewer_that_is_sent_little_is_not_a_limit():
    link = Link(20e6, wants=50e3).run(10)
    link.wants = 1e6
    assert link.run(10).rate.rate is None


@pytest.mark.parametrize('eager', [False, True], ids=['each second', 'eager'])
@pytest.mark.parametrize('wants', [0.15e6, 1e6, 4e6])
@pytest.mark.parametrize('delay', [0.01, 0.1, 0.3])
@pytest.mark.parametrize('loss', [0.05, 0.1])
def test_loss_that_no_rate_changes_leaves_the_rate(loss, delay, wants, eager):
    link = Link(20e6, wants, loss=loss, delay=delay, eager=eager).run(60)
    used = [min(wants, rate or wants) / wants for rate in link.rates]
    assert sum(used) / len(used) > 0.8


def test_a_link_that_gets_worse_is_noticed_within_three_seconds():
    link = Link(20e6).run(10)
    link.capacity, link.waiting = 300e3, 0.0
    link.run(3)
    assert link.rate.rate < 300e3


def test_a_link_that_gets_better_is_used_again():
    link = Link(300e3).run(15)
    link.capacity = 20e6
    assert (link.run(30).rate.rate or link.wants) >= 1e6


@pytest.mark.parametrize('estimates', [True, False], ids=['REMB', 'no REMB'])
@pytest.mark.parametrize('narrow', [0.2e6, 0.5e6])
def test_a_freed_link_is_used_within_ten_seconds(narrow, estimates):
    link = Link(1e6, estimates=estimates).run(15)
    link.capacity = narrow
    link.run(10)
    link.capacity = 1e6
    link.run(10)
    assert (link.rate.rate or 1e6) > 0.8e6


def test_an_unused_limit_is_forgotten_and_later_if_that_was_wrong():
    link = Link(300e3).run(10)
    forgotten = []
    for _ in range(3):
        start, link.wants = link.now, 20e3
        while link.rate.rate is not None:
            link.run(1)
        forgotten.append(link.now - start)
        link.wants = 1e6
        link.run(10)
        assert link.rate.rate < 300e3
    assert forgotten[0] < 30
    assert forgotten[0] + 10 < forgotten[1] < forgotten[2] - 10
    assert TRIAL > 10


def test_a_queue_is_given_time_to_drain():
    link = Link(300e3, queue=5.0).run(10)
    assert 0.2 < link.pauses[0] <= LONGEST_PAUSE


def test_the_state_follows_the_link_and_its_changes_are_logged(caplog):
    caplog.set_level('DEBUG')
    link = Link(20e6)
    assert link.run(10).rate.state is EstimatorState.UNLIMITED
    link.capacity, link.waiting = 300e3, 0.0
    while link.rate.state is EstimatorState.UNLIMITED:
        link.run(FRAME)
    assert link.rate.state is EstimatorState.SETTLING
    while link.rate.state is EstimatorState.SETTLING:
        link.run(FRAME)
    assert link.rate.state in (EstimatorState.DRAINING, EstimatorState.HOLDING)
    while link.rate.state is not EstimatorState.GROWING:
        link.run(FRAME)
    assert f'viewer: bandwidth {link.rate.rate / 1000:.0f} kbit/s, the limit grows' in caplog.text


@pytest.mark.parametrize('capacity', [5e6, 0.4e6])
@pytest.mark.parametrize('pause', [3, 9, 15])
def test_a_pause_of_the_camera_leaves_the_rate(capacity, pause):
    link = Link(capacity, delay=0.2).run(30)
    before = link.rate.rate
    link.wants = 0.0
    link.run(pause)
    link.wants = 1e6
    link.run(10)
    assert (before is None) == (capacity > 1e6)
    if before is None:
        assert link.rate.rate is None
    else:
        assert link.rate.rate > 0.6 * before


@pytest.mark.parametrize('fps', [1, 2, 5])
def test_few_frames_a_second_are_not_a_limit(fps):
    rate, dice, sent, reported = BandwidthEstimator(), random.Random(2), 0, 0.5
    rate.begin(0.0)
    for frame in range(1, 60 * fps):
        now = frame / fps
        while reported < now:
            counts = PacketCounts(4 * frame, 0)
            rate.report(Feedback(packets=counts, round_trip=0.002), sent, reported)
            reported += 0.5 + dice.random()
        sent += 4000
        # Over about a second, with or without the frame that just arrived.
        if now > 3:
            rate.report(Feedback(bitrate_estimate=8 * 4000 * fps), sent, now + 0.005)
    assert rate.rate is None


@pytest.mark.parametrize(('late', 'estimate'), [(0.15, None), (1.5, 1_000_000)])
def test_one_late_report_is_not_a_queue(late, estimate):
    rate = BandwidthEstimator()
    rate.begin(0.0)
    for second in range(1, 20):
        late_now = late if second % 3 == 0 else 0.002
        rate.report(Feedback(bitrate_estimate=estimate), second * 100_000 - 50_000, second - 0.5)
        counts = PacketCounts(100 * second, 0)
        rate.report(Feedback(packets=counts, round_trip=late_now), second * 100_000, second)
    assert rate.rate is None


@pytest.mark.parametrize('estimates', [True, False], ids=['REMB', 'no REMB'])
@pytest.mark.parametrize('delay', [0.1, 0.15, 0.3, 0.6])
def test_a_path_that_became_longer_never_costs_the_half(delay, estimates):
    link = Link(20e6, estimates=estimates).run(20)
    link.delay = delay
    link.run(30)
    assert min(rate or link.wants for rate in link.rates) > 0.5 * link.wants
    assert link.rate.rate is None


@pytest.mark.parametrize(
    'feedback',
    [
        Feedback(bitrate_estimate=0),
        Feedback(packets=PacketCounts(0, 1 << 23)),
        Feedback(packets=PacketCounts(0, -(1 << 23))),
        Feedback(round_trip=1e9),
        Feedback(bitrate_estimate=0, packets=PacketCounts(1, 1), round_trip=1e9),
        Feedback(),
    ],
)
def test_any_report_is_accepted(feedback):
    rate = BandwidthEstimator()
    for second in range(100):
        assert 0 <= rate.report(feedback, 0, float(second)) <= LONGEST_PAUSE
        assert rate.rate is None or rate.rate > 10_000
    for second in range(100, 110):
        rate.report(feedback, 10**9, float(second))
        assert rate.rate is None or rate.rate > 10_000
