"""A session's reactions to its viewer's reports and silence, over a peer without a connection."""

import asyncio
import logging
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from support.peers.fake_peers import FakePeer, session_with_peer
from support.peers.session_pair import until

from webrtc_bridge.media.bandwidth.feedback import NOTHING, Feedback, PacketCounts
from webrtc_bridge.media.frames import Codec, Encoding, Layer
from webrtc_bridge.media.rtp.sent_packets import PacketResult
from webrtc_bridge.peer import viewer_watchdog
from webrtc_bridge.peer.outbound_session import OutboundSession
from webrtc_bridge.peer.session import SessionState
from webrtc_bridge.signaling.protocol.messages import (
    Answer,
    Candidate,
    IceCandidate,
    Message,
    Offer,
)

SILENCE = 0.1
DEADLINE = 20.0


class Clock:
    """Stands for the event loop's clock."""

    now = 0.0

    def time(self) -> float:
        return self.now


@dataclass
class Running:
    """A session, its peer, its task, its messages, and the rates that it reported."""

    session: OutboundSession
    peer: FakePeer
    task: 'asyncio.Task[str]'
    sent: list[Message]
    rates: list[float | None] = field(default_factory=list)
    demands: list[bool] = field(default_factory=list)


@pytest.fixture
async def running(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Running]:
    """Return a session whose viewer has reported once."""
    monkeypatch.setattr(viewer_watchdog, 'SILENCE', SILENCE)
    sent: list[Message] = []
    demands: list[bool] = []
    session, peer = session_with_peer(
        Encoding(Codec.H264), sent.append, lambda: demands.append(session.idle)
    )
    one = Running(session, peer, asyncio.create_task(session.run()), sent, demands=demands)
    session.on_rate = lambda: one.rates.append(session.link.rate)
    peer.listener.on_connected()
    await until(lambda: session.state is SessionState.CONNECTED)
    peer.sent += 1
    peer.listener.on_feedback(Feedback())
    yield one
    one.task.cancel()
    await asyncio.gather(one.task, return_exceptions=True)


async def test_a_viewer_that_is_sent_nothing_has_nothing_to_report(running: Running) -> None:
    done, _ = await asyncio.wait({running.task}, timeout=4 * SILENCE)
    assert not done
    running.peer.sent += 1
    reason = await asyncio.wait_for(running.task, DEADLINE)
    assert reason.startswith('no feedback from the viewer')
    assert running.peer.closed


async def test_a_link_that_is_full_is_given_a_pause_and_that_is_told(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    begin = asyncio.get_running_loop().time()
    clock = Clock()
    monkeypatch.setattr(running.session, '_loop', clock)
    for second in range(5):
        clock.now = begin + second
        running.peer.sent_bytes = 100_000 * second
        counts = PacketCounts(100 * second, 50 * max(0, second - 2))
        running.peer.listener.on_feedback(Feedback(packets=counts))
    assert running.peer.pauses == [pytest.approx(0.25)]
    rate = running.session.link.rate
    assert running.rates == [rate]
    assert rate is not None
    assert 300e3 < rate < 800e3
    running.session.change_layer(Layer.SMALL)
    assert running.session.encoding == Encoding(Codec.H264, Layer.SMALL)


async def test_a_viewer_that_reports_arrivals_is_judged_by_them_alone(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    monkeypatch.setattr(running.session, '_loop', clock)
    sent = [number / 100 for number in range(100)]
    on_time = tuple(PacketResult(time, time + 0.01, 1200) for time in sent)
    late = tuple(PacketResult(time + 1, 2 * time + 1.01, 1200) for time in sent)
    clock.now = 1.0
    running.peer.listener.on_feedback(Feedback(packet_results=on_time))
    running.peer.listener.on_feedback(Feedback(bitrate_estimate=30_000))
    assert running.rates == []
    clock.now = 2.0
    running.peer.listener.on_feedback(Feedback(packet_results=late))
    assert len(running.rates) == 1
    assert 200e3 < (running.session.link.rate or 0) < 960e3


async def test_what_a_viewer_reports_before_its_first_frame_says_nothing_about_its_link(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    running.peer.encoding = None
    monkeypatch.setattr(running.session.link, 'report', None)  # it would be called
    running.peer.listener.on_feedback(Feedback(packets=PacketCounts(100, 50)))
    assert running.rates == []


async def test_a_sign_of_life_says_nothing_about_the_link(
    running: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running.session.link, 'report', None)  # it would be called
    running.peer.listener.on_feedback(NOTHING)
    assert running.rates == []


async def test_what_the_peers_say_is_passed_on_both_ways(running: Running) -> None:
    await until(lambda: running.sent)
    running.sent.clear()  # the offer
    candidate = IceCandidate('candidate:1', '0', 0)
    running.peer.listener.on_candidate(candidate)
    assert running.sent == [Candidate('viewer', 's1', candidate)]
    running.session.receive(Answer('viewer', 's1', 'v=1'))
    running.session.receive(Candidate('viewer', 's1', candidate))
    running.session.receive(Offer('viewer', 's1', 'v=2'))  # it has made one itself
    running.session.receive(Candidate('viewer', 's1', None))
    await until(lambda: len(running.peer.candidates) == 2)
    assert running.peer.candidates == [candidate, None]
    assert running.peer.descriptions == [('answer', 'v=1')]


async def test_a_peer_that_is_lost_ends_the_session(running: Running) -> None:
    running.peer.listener.on_lost('the peer is gone')
    assert await asyncio.wait_for(running.task, DEADLINE) == 'the peer is gone'


async def test_an_idle_viewer_is_sent_nothing_and_its_link_is_not_judged(
    running: Running, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    monkeypatch.setattr(running.session.link, 'report', None)  # it would be called
    for _ in range(2):
        running.peer.listener.on_idle(True)
    assert running.peer.idle
    running.peer.listener.on_feedback(Feedback(packets=PacketCounts(100, 50)))
    running.peer.listener.on_idle(False)
    assert not running.peer.idle
    assert running.demands == [True, False]
    assert [record.getMessage() for record in caplog.records] == [
        'viewer wants no video for now',
        'viewer wants video again',
    ]
