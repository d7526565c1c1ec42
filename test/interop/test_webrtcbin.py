"""GStreamer's webrtcbin by the book, as the sender whose video is received."""

import asyncio

import pytest
from support.peers.session_pair import until

from webrtc_bridge.errors import RequirementError
from webrtc_bridge.gstreamer.library import require_gstreamer
from webrtc_bridge.peer.aiortc.inbound_session import InboundSession
from webrtc_bridge.peer.aiortc.peer import IceOptions

try:
    require_gstreamer()
except RequirementError as missing:
    pytest.skip(str(missing), allow_module_level=True)

from support.peers.plain_webrtcbin import PlainWebrtcbin


@pytest.fixture
async def receive():
    """Return a function that starts a sender and a receiving session, and returns the frames."""
    senders, running = [], []

    def started(*arguments):
        frames = []
        session = InboundSession(
            'front', 's1', IceOptions(), lambda message: sender.receive(message), frames.append
        )
        running.append(asyncio.ensure_future(session.run()))
        sender = PlainWebrtcbin(session.receive, *arguments)
        senders.append(sender)
        return frames

    yield started
    for session in running:
        session.cancel()
    await asyncio.gather(*running, return_exceptions=True)
    for sender in senders:
        await asyncio.to_thread(sender.close)


async def test_its_sender_reports_which_contradict_each_other_are_distrusted(receive):
    """They are seconds apart, while pictures come steadily."""
    frames = receive()
    await until(lambda: len(frames) > 60)
    assert frames[-1].capture_ns is None
