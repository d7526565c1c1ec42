"""A peer whose addresses lead nowhere."""

import dataclasses
import re
import time
from collections.abc import AsyncIterator

import pytest
from support.links.relayed_pair import RelayedPair
from support.links.udp_relay import Side
from support.peers.session_pair import CameraHarness

from webrtc_bridge.peer.session import CONNECT_TIMEOUT
from webrtc_bridge.signaling.protocol.messages import Answer, Message, Offer

ADDRESS = re.compile(r'^(a=candidate:\S+ 1 udp \d+) \S+', re.MULTILINE)
REASONS = ('no connection after', 'no path to the peer', 'the peer said bye')


class UnreachablePair(RelayedPair):
    """A pair whose candidates are replaced by addresses that nobody has (RFC 5737)."""

    def _rewritten(self, message: Message, side: Side) -> Message:
        if not isinstance(message, Offer | Answer):
            return message
        return dataclasses.replace(message, sdp=ADDRESS.sub(r'\1 198.51.100.7', message.sdp))


@pytest.fixture
async def pair(harness: CameraHarness) -> AsyncIterator[UnreachablePair]:
    pair = UnreachablePair(harness.broadcast)
    yield pair
    await pair.close()


@pytest.mark.long
async def test_both_sides_say_so_and_end_in_time(pair: UnreachablePair) -> None:
    started = time.monotonic()
    pair.start()
    for task in pair.running:
        reason = await task
        assert reason.startswith(REASONS)
    assert time.monotonic() - started < CONNECT_TIMEOUT + 2.0
