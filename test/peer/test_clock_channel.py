"""The questions about the sender's clock, by a channel that a test answers."""

import asyncio
import json
import time

import pytest
from support.peers.session_pair import until

from webrtc_bridge.media import wall_clock
from webrtc_bridge.peer.clock_channel import FIRST_QUESTIONS, ClockQuestions, is_idle
from webrtc_bridge.peer.clock_offset import ClockOffset

S = 1_000_000_000


class Channel:
    """A sender whose clock is ahead by `ahead`; answers at once unless `silent`."""

    readyState = 'open'

    def __init__(self) -> None:
        self.ahead = 0
        self.asked: list[int] = []
        self.held = 0

    def on(self, event, callback) -> None:
        self.callback = callback

    def send(self, text: str) -> None:
        asked = json.loads(text)['asked']
        self.asked.append(asked)
        now = time.time_ns() + self.ahead
        answer = {'asked': asked, 'received': now, 'answered': now + self.held}
        asyncio.get_running_loop().call_soon(self.callback, json.dumps(answer))


class Clock:
    """The wall clock of this machine as the questions see it."""

    def __init__(self) -> None:
        self.set_by = 0

    def time_ns(self) -> int:
        return time.time_ns() + self.set_by

    def monotonic_ns(self) -> int:
        return time.monotonic_ns()


@pytest.fixture
def clock(monkeypatch):
    clock = Clock()
    monkeypatch.setattr(wall_clock, 'time', clock)
    return clock


@pytest.fixture
async def asking(clock, monkeypatch):
    monkeypatch.setattr('webrtc_bridge.peer.clock_channel.FIRST_INTERVAL', 0.01)
    channel, offset = Channel(), ClockOffset()
    questions = ClockQuestions(offset)
    questions.ask_on(channel)
    await until(lambda: len(channel.asked) == FIRST_QUESTIONS)
    yield channel, offset, questions
    await questions.close()


async def test_the_clocks_are_compared_again_as_soon_as_ours_was_set(clock, asking):
    channel, offset, questions = asking
    questions.look()
    assert offset.best
    assert offset.to_ours(time.time_ns()) == pytest.approx(time.time_ns(), abs=S // 10)
    clock.set_by = -3600 * S
    questions.look()
    await until(lambda: offset.best.offset_ns > 3599 * S)
    assert len(channel.asked) > FIRST_QUESTIONS
    assert offset.to_ours(time.time_ns()) == pytest.approx(clock.time_ns(), abs=S // 10)


async def test_they_are_as_soon_as_the_senders_was(asking):
    channel, offset, questions = asking
    channel.ahead = 30 * 86400 * S
    questions.ask_again()
    await until(lambda: offset.best.offset_ns > 30 * 86400 * S - S)


async def test_an_answer_over_which_our_clock_was_set_is_as_good_as_any(clock, asking):
    channel, offset, questions = asking
    send = channel.send

    def send_and_set(text):
        send(text)
        clock.set_by += 10 * S

    channel.send = send_and_set
    before = offset.best.offset_ns
    questions.ask_again()
    await until(lambda: len(channel.asked) == 2 * FIRST_QUESTIONS)
    channel.send = send
    assert offset.best.uncertainty_ns < S
    assert abs(offset.best.offset_ns - before) < 10 * S * FIRST_QUESTIONS


async def test_a_sender_that_claims_to_hold_questions_for_long_is_not_believed(asking):
    channel, offset, questions = asking
    best = offset.best
    channel.held, channel.ahead = 10**18, 5 * S
    questions.ask_again()
    await until(lambda: len(channel.asked) == 2 * FIRST_QUESTIONS)
    assert offset.best is best


async def test_a_receiver_that_becomes_idle_says_so_at_once_and_several_times(asking):
    channel, _, questions = asking
    said = []
    send = channel.send
    channel.send = lambda text: (said.append(is_idle(text)), send(text))
    questions.set_idle(True)
    await until(lambda: len(said) == FIRST_QUESTIONS)
    questions.set_idle(False)
    await until(lambda: len(said) == 2 * FIRST_QUESTIONS)
    assert said == [True] * FIRST_QUESTIONS + [False] * FIRST_QUESTIONS


@pytest.mark.parametrize('text', ['', 'x', '{"asked": 1}', '{"idle": "yes"}', '{"idle": 0}', '[]'])
def test_who_does_not_say_so_is_not_idle(text):
    assert not is_idle(text)
