"""Answers to questions about the clock, over a channel on which they may pile up."""

import json
from collections.abc import Callable

from webrtc_bridge.peer.clock_channel import MOST_CHARACTERS, MOST_WAITING, answer_clock_questions

QUESTION = json.dumps({'asked': 1_700_000_000_000_000_000})


class Channel:
    """Stands for a data channel to a peer that reads nothing."""

    readyState = 'open'

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.bufferedAmount = 0

    def on(self, event: str, handler: Callable[[object], None]) -> None:
        assert event == 'message'
        self.ask = handler

    def send(self, text: str) -> None:
        self.sent.append(text)
        self.bufferedAmount += len(text)


def test_answers_that_nobody_reads_are_bounded() -> None:
    channel, idle = Channel(), []
    answer_clock_questions(channel, lambda: None, idle.append)  # type: ignore[arg-type]
    for _ in range(10_000):
        channel.ask(QUESTION)
    assert 1 <= len(channel.sent) <= 1 + MOST_WAITING // 50
    assert channel.bufferedAmount <= MOST_WAITING + MOST_CHARACTERS
    assert idle == [False] * 10_000, 'what it wants is known all the same'


def test_who_reads_again_gets_answers_again() -> None:
    channel, idle = Channel(), []
    answer_clock_questions(channel, lambda: None, idle.append)  # type: ignore[arg-type]
    for _ in range(1_000):
        channel.ask(QUESTION)
    answered = len(channel.sent)
    channel.bufferedAmount = 0
    channel.ask(QUESTION)
    assert len(channel.sent) == answered + 1


def test_a_channel_that_is_closing_is_sent_nothing() -> None:
    channel, idle = Channel(), []
    answer_clock_questions(channel, lambda: None, idle.append)  # type: ignore[arg-type]
    channel.readyState = 'closing'
    channel.ask(QUESTION)
    assert channel.sent == []


def test_a_sender_without_a_first_picture_says_so() -> None:
    channel, waits = Channel(), iter([True, False])
    answer_clock_questions(
        channel,  # type: ignore[arg-type]
        lambda: None,
        lambda idle: None,
        lambda: next(waits),
    )
    for _ in range(2):
        channel.ask(QUESTION)
    first, second = map(json.loads, channel.sent)
    assert first['waiting'] is True
    assert 'waiting' not in second
