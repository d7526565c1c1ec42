"""Answers about the clock on a data channel of GStreamer."""

import json

from webrtc_bridge.gstreamer.peer.peer import send_answer
from webrtc_bridge.peer.clock_channel import MOST_CHARACTERS, MOST_WAITING

ANSWER = json.dumps({'asked': 1, 'received': 2, 'answered': 3})


class Channel:
    """Stands for a GstWebRTCDataChannel to a peer that reads nothing."""

    def __init__(self) -> None:
        self.waiting = 0

    def get_property(self, name: str) -> int:
        assert name == 'buffered-amount'
        return self.waiting

    def emit(self, action: str, text: str) -> None:
        assert action == 'send-string'
        self.waiting += len(text)


def test_answers_that_nobody_reads_are_bounded() -> None:
    channel = Channel()
    for _ in range(10_000):
        send_answer(channel, ANSWER)
    assert 0 < channel.waiting <= MOST_WAITING + MOST_CHARACTERS
