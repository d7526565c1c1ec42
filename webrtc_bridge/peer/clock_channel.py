"""
The data channel `clock`, by which a receiver measures the offset of its sender's clock.

The receiver asks `{"asked": ns}`; the sender adds `"received"` and `"answered"`. All are Unix time
in nanoseconds. A sender that knows adds when its newest frame was `"captured"`, and that frame's
RTP timestamp, `"rtp"`: browsers keep what RTCP reports say to themselves. A peer that does not
have the channel, or does not answer, is taken at its word.
"""

import asyncio
import contextlib
import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from webrtc_bridge.media.wall_clock import Now, WallClockSteps
from webrtc_bridge.peer.clock_offset import ClockOffset, Exchange
from webrtc_bridge.program.cancellation import end

if TYPE_CHECKING:
    # The GStreamer sender answers by `answer_to`, and needs no aiortc.
    from aiortc import RTCDataChannel

LABEL = 'clock'

FIRST_QUESTIONS, FIRST_INTERVAL, INTERVAL = 8, 0.1, 5.0
"""
Questions soon after another, for a good offset at once; then one every `INTERVAL` seconds, until a
clock is set.
"""

MOST_CHARACTERS = 200


SentFrame = tuple[int, int]
'RTP timestamp, as sent, and time of capture of a frame.'


def answer_clock_questions(
    channel: 'RTCDataChannel', newest: Callable[[], SentFrame | None] = lambda: None
) -> None:
    """Answer what the receiver asks on `channel`; `newest` returns the frame last sent."""

    def on_message(text: object) -> None:
        answer = answer_to(text, newest)
        if answer and channel.readyState == 'open':
            channel.send(answer)

    channel.on('message', on_message)


def answer_to(text: object, newest: Callable[[], SentFrame | None] = lambda: None) -> str | None:
    """Return the answer to what a receiver asks in `text`, just come; None if it asks nothing."""
    received = time.time_ns()
    times = parsed(text)
    if 'asked' not in times:
        return None
    answer = {'asked': times['asked'], 'received': received}
    if frame := newest():
        answer |= {'rtp': frame[0], 'captured': frame[1]}
    answer['answered'] = time.time_ns()
    return json.dumps(answer)


class ClockQuestions:
    """
    Ask the sender on `channel` and tell `offset` its answers, until closed.

    Belongs to the event loop.
    """

    def __init__(self, channel: 'RTCDataChannel', offset: ClockOffset) -> None:
        self._channel = channel
        self._offset = offset
        self._steps = WallClockSteps()
        self._asked = Now(0, 0)
        self._again = asyncio.Event()
        channel.on('message', self._on_message)
        self._asking = asyncio.create_task(self._ask())

    def look(self) -> None:
        """Compare the clocks again if this machine's was set; called for each frame."""
        if self._steps.noticed(Now.read()):
            self.ask_again()

    def ask_again(self) -> None:
        """Compare the clocks again, because one of them was set."""
        self._again.set()

    async def close(self) -> None:
        """Ask nothing more; idempotent."""
        await end(self._asking)

    async def _ask(self) -> None:
        question = 0
        while True:
            self._asked = Now.read()
            if self._channel.readyState == 'open':
                self._channel.send(json.dumps({'asked': self._asked.unix_ns}))
            question += 1
            if question < FIRST_QUESTIONS:
                await asyncio.sleep(FIRST_INTERVAL)
            elif await self._is_wanted_again():
                question = 0

    async def _is_wanted_again(self) -> bool:
        """Wait for `INTERVAL`, or until the clocks are to be compared again."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._again.wait(), INTERVAL)
        wanted = self._again.is_set()
        self._again.clear()
        return wanted

    def _on_message(self, text: object) -> None:
        times = parsed(text)
        if times.keys() >= {'asked', 'received', 'answered'} and (
            times['asked'] == self._asked.unix_ns
        ):
            # By the clock as it was: it may have been set meanwhile.
            elapsed = time.monotonic_ns() - self._asked.monotonic_ns
            asked = self._asked.unix_ns
            self._offset.add(
                Exchange(asked, times['received'], times['answered'], asked + elapsed)
            )


def parsed(text: object) -> dict[str, int]:
    """Return the times in a message; none of one that is not as it should be."""
    if not isinstance(text, str) or len(text) > MOST_CHARACTERS:
        return {}
    try:
        message: Any = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(message, dict):
        return {}
    return {key: value for key, value in message.items() if type(value) is int}
