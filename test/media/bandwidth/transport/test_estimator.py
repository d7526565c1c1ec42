"""The estimator behind simulated links, without waiting for any of them."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.links.link_model import LinkModel
from support.links.simulated_link import Simulation

from webrtc_bridge.media.bandwidth.feedback import Feedback
from webrtc_bridge.media.bandwidth.transport.estimator import TransportEstimator
from webrtc_bridge.media.rtp.sent_packets import PacketResult

MBIT = 1e6
VIDEO = 10 * MBIT


@pytest.mark.parametrize('round_trip', [0.02, 0.08, 0.2])
@pytest.mark.parametrize('capacity', [1 * MBIT, 2 * MBIT, 5 * MBIT])
@pytest.mark.parametrize(('loss', 'share'), [(0, 0.8), (0.01, 0.75), (0.05, 0.7), (0.1, 0.6)])
def test_a_link_is_used_without_a_queue_and_random_loss_is_not_congestion(
    capacity, round_trip, loss, share
):
    link = Simulation(LinkModel(rate=capacity, delay=round_trip / 2, loss=loss), VIDEO).run(25)
    assert link.used(10, 25) > share * capacity
    # The frames are bursts of 33 ms on a full link.
    assert link.wait(10, 25) < 0.15


@pytest.mark.parametrize('queue', [0.1, 0.5, 2.0])
@pytest.mark.parametrize('interval', [0.05, 0.1, 0.25])
def test_a_link_that_is_narrow_for_a_while_is_used_before_in_and_after_that(queue, interval):
    link = Simulation(LinkModel(rate=5 * MBIT, queue=queue), VIDEO, interval).run(15)
    before = link.used(5, 15)
    link.link.change(link.now, rate=0.5 * MBIT)
    link.run(10)
    link.link.change(link.now, rate=5 * MBIT)
    link.run(12)
    assert link.wait(19, 25) < 0.3
    assert link.used(18, 25) > 0.35 * MBIT
    assert link.used(35, 37) > 0.9 * before


@pytest.mark.parametrize('wants', [0.5 * MBIT, 1 * MBIT, 4 * MBIT])
@pytest.mark.parametrize('delay', [0.1, 0.15, 0.5])
@pytest.mark.parametrize('loss', [0, 0.05])
def test_a_path_that_becomes_longer_costs_little_for_a_moment(wants, delay, loss):
    link = Simulation(LinkModel(rate=10 * MBIT, delay=0.005, loss=loss), wants).run(10)
    link.link.delay = delay
    assert link.run(20).lowest() > 0.7 * wants
    assert link.lowest(15) == wants


@pytest.mark.parametrize('seconds', [1, 5, 20])
def test_a_path_that_becomes_longer_little_by_little_never_costs_the_half(seconds):
    link = Simulation(LinkModel(rate=3 * MBIT, delay=0.005), 1 * MBIT).run(10)
    for _ in range(10 * seconds):
        link.link.delay += 0.145 / (10 * seconds)
        link.run(0.1)
    assert link.run(20).lowest() > 0.5 * MBIT
    assert link.lowest(link.now - 5) > 0.9 * MBIT


@pytest.mark.parametrize('wants', [0.2 * MBIT, 1 * MBIT, 4 * MBIT])
@pytest.mark.parametrize('jitter', [0, 0.002, 0.015])
@pytest.mark.parametrize('loss', [0, 0.05])
def test_a_free_link_has_no_limit(wants, jitter, loss):
    link = Simulation(LinkModel(rate=20 * MBIT, delay=0.03, loss=loss, jitter=jitter), wants).run(
        30
    )
    assert link.lowest() > 0.8 * wants
    assert link.mean() > 0.98 * wants


@pytest.mark.parametrize(
    'link',
    [
        LinkModel(rate=2 * MBIT, delay=0.015, loss=0.08, jitter=0.01),
        LinkModel(rate=2 * MBIT, delay=0.1, loss=0.05, jitter=0.03),
    ],
    ids=['bad Wi-Fi', 'severe'],
)
def test_a_bad_link_is_used_too(link):
    assert Simulation(link, 4 * MBIT).run(40).used(10, 40) > 0.6 * link.rate


@pytest.mark.parametrize('busy', [0.03, 0.1, 0.2])
@pytest.mark.parametrize(('capacity', 'share'), [(2 * MBIT, 0.8), (40 * MBIT, 0.09)])
def test_a_busy_viewer_is_not_a_full_link(busy, capacity, share):
    link = Simulation(LinkModel(rate=capacity, delay=0.02), 4 * MBIT)
    link.busy = busy
    assert link.run(30).used(10, 30) > share * capacity
    assert link.wait(10, 30) < 0.25


@pytest.mark.parametrize('starved', [0.1, 0.2])
@pytest.mark.parametrize(('capacity', 'share'), [(2 * MBIT, 0.75), (40 * MBIT, 0.09)])
def test_a_busy_sender_is_not_a_full_link(starved, capacity, share):
    link = Simulation(LinkModel(rate=capacity, delay=0.02), 4 * MBIT)
    link.starved = starved
    assert link.run(30).used(10, 30) > share * capacity


def test_a_limit_that_is_not_used_is_forgotten():
    link = Simulation(LinkModel(rate=1 * MBIT), 4 * MBIT).run(10)
    assert link.estimator.rate is not None
    link.wants = 0.1 * MBIT
    link.run(40)
    assert link.estimator.rate is None


def test_retransmissions_come_out_of_the_rate():
    link = Simulation(LinkModel(rate=1 * MBIT), 4 * MBIT).run(10)
    before = link.estimator.rate
    link.again = 4
    assert 0.6 * before < link.run(1).estimator.rate < 0.95 * before


results = st.builds(
    PacketResult,
    sent=st.floats(0, 100),
    arrived=st.none() | st.floats(0, 100),
    size=st.integers(1, 1500),
    is_retransmission=st.booleans(),
)


@settings(deadline=None)
@given(st.lists(st.tuples(st.lists(results, max_size=30), st.floats(0, 1)), max_size=20))
def test_any_report_is_taken(reports):
    estimator, now = TransportEstimator('viewer'), 0.0
    for some, elapsed in reports:
        now += elapsed
        pause = estimator.report(Feedback(packet_results=tuple(some)), 0, now)
        assert 0 <= pause < 2
        assert estimator.rate is None or estimator.rate > 0


def test_a_report_without_packets_says_nothing():
    estimator = TransportEstimator('viewer')
    assert estimator.report(Feedback(bitrate_estimate=1000), 0, 1.0) == 0
    assert estimator.rate is None
