import asyncio

import pytest
from session_pair import until

from webrtc_bridge.errors import RequirementError
from webrtc_bridge.media.feedback import Feedback
from webrtc_bridge.peer import viewer_watchdog
from webrtc_bridge.peer.gstreamer_library import require_gstreamer

try:
    require_gstreamer()
except RequirementError as missing:
    pytest.skip(str(missing), allow_module_level=True)

from webrtc_bridge.peer import gstreamer_session

SILENCE = 0.1
DEADLINE = 5.0


class Peer:
    """Stands for a webrtcbin; `sequence` changes when it sends."""

    def __init__(self, peer_id, ice_servers, pipeline, events):
        self.sequence = 1000
        self.events = events

    async def offer(self):
        return 'v=0'

    async def close(self):
        pass


@pytest.fixture
async def running(monkeypatch):
    """Return a session whose viewer has reported once, and the task that it runs in."""
    monkeypatch.setattr(viewer_watchdog, 'SILENCE', SILENCE)
    monkeypatch.setattr(gstreamer_session, 'GStreamerPeer', Peer)
    session = gstreamer_session.GStreamerSession(
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
