import asyncio

import pytest
from support.peers.session_pair import until

from webrtc_bridge.errors import RequirementError
from webrtc_bridge.gstreamer.library import require_gstreamer
from webrtc_bridge.media.bandwidth.feedback import Feedback
from webrtc_bridge.media.frames import Layer
from webrtc_bridge.peer import viewer_watchdog

try:
    require_gstreamer()
except RequirementError as missing:
    pytest.skip(str(missing), allow_module_level=True)

from webrtc_bridge.gstreamer import session as session_module

SILENCE = 0.1
DEADLINE = 5.0


class Peer:
    """Stands for a webrtcbin; `sequence` changes when it sends."""

    def __init__(self, peer_id, ice_servers, pipeline, events):
        self.sequence = 1000
        self.layer = Layer.FULL
        self.pauses = []
        self.events = events

    async def offer(self):
        return 'v=0'

    def pause(self, seconds):
        self.pauses.append(seconds)

    def change_layer(self, layer):
        self.layer = layer

    async def close(self):
        pass


class Clock:
    """Stands for the event loop's clock."""

    now = 0.0

    def time(self):
        return self.now


@pytest.fixture
async def running(monkeypatch):
    """Return a session whose viewer has reported once, and the task that it runs in."""
    monkeypatch.setattr(viewer_watchdog, 'SILENCE', SILENCE)
    monkeypatch.setattr(session_module, 'GStreamerPeer', Peer)
    session = session_module.GStreamerSession(
        'viewer', 's1', (), lambda message: None, None, lambda: None
    )
    task = asyncio.ensure_future(session.run())
    session.peer.events.on_connected()
    await until(lambda: session.state.value == 'connected')
    session.peer.sequence += 1
    session.peer.events.on_feedback(Feedback(), 0)
    yield session, task
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)


async def test_a_viewer_that_is_sent_nothing_has_nothing_to_report(running):
    session, task = running
    done, _ = await asyncio.wait({task}, timeout=4 * SILENCE)
    assert not done
    session.peer.sequence += 1
    assert (await asyncio.wait_for(task, DEADLINE)).startswith('no feedback from the viewer')


async def test_a_link_that_is_full_is_given_a_pause_and_that_is_told(running, monkeypatch):
    session, _ = running
    told = []
    monkeypatch.setattr(session, '_on_rate', lambda: told.append(session.link.rate))
    begin = asyncio.get_running_loop().time()
    monkeypatch.setattr(session, '_loop', Clock())
    for second in range(5):
        session._loop.now = begin + second
        lost = 0.5 if second > 2 else 0.0
        session.peer.events.on_feedback(Feedback(fraction_lost=lost), 100_000 * second)
    assert session.peer.pauses == [pytest.approx(0.25)]
    assert told == [session.link.rate]
    assert 300e3 < session.link.rate < 800e3
    session.change_layer(Layer.SMALL)
    assert session.layer is Layer.SMALL
