"""While a socket accepts no more, nothing is sent, and the waiting frames are bounded."""

import pytest
from support.peers.session_pair import SessionPair, until

from webrtc_bridge.media.rtp.broadcast import BACKLOG
from webrtc_bridge.peer.aiortc.patches.sending import MOST_WAITING


class SlowTransport:
    """Stands before a session's socket; `waiting` bytes have not gone out of it yet."""

    def __init__(self, transport):
        self.waiting = 0
        self.taken = 0
        self.frames = 0
        self._transport = transport

    def __getattr__(self, name):
        return getattr(self._transport, name)

    def get_write_buffer_size(self):
        return self.waiting

    def sendto(self, data, address):
        self.taken += len(data)
        # The last packet of a frame has the marker bit; RTCP has lower payload types.
        self.frames += data[0] >> 6 == 2 and data[1] >= 0x80 + 96
        self._transport.sendto(data, address)


@pytest.fixture
async def pair(harness):
    one = SessionPair(harness.broadcast).start()
    await one.received(1)
    yield one
    await one.close()


async def test_frames_are_dropped_before_a_socket_that_takes_no_more(pair):
    peer = pair.outbound._peer
    track = peer._track
    ice = peer.connection.getTransceivers()[0].sender.transport.transport._connection
    protocol = ice._nominated[1].protocol
    protocol.transport = slow = SlowTransport(protocol.transport)
    await until(lambda: slow.taken)
    slow.waiting = MOST_WAITING + 1
    sent = slow.frames
    await until(lambda: track.subscription.dropped >= BACKLOG)
    assert slow.frames <= sent + 1  # the one that was waited for already
    slow.waiting = 0
    before = len(pair.frames)
    await pair.received(5)
    assert pair.frames[before].keyframe or pair.frames[before + 1].keyframe
