"""
The data channel `clock`, by which a receiver measures the offset of its sender's clock.

The receiver asks `{"asked": ns}`; the sender adds `"received"` and `"answered"`. All are Unix time
in nanoseconds. A sender that knows adds when its newest frame was `"captured"`, and that frame's
RTP timestamp, `"rtp"`: browsers keep what RTCP reports say to themselves. A peer that does not
have the channel, or does not answer, is taken at its word. One whose source has had no picture yet
adds `"waiting": true`.

A receiver whose pictures nobody wants adds `"idle": true` to its questions. The sender then sends
it no video, until a question without that; one that does not know the word sends on.
"""

import asyncio
import contextlib
import functools
import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from webrtc_bridge.media.wall_clock import Now, WallClockSteps
from webrtc_bridge.peer.clock_offset import ClockOffset, Exchange
from webrtc_bridge.program.cancellation import end, within
from webrtc_bridge.program.long_tasks import keep_running

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

MOST_WAITING = 2048
'Bytes that may wait on the channel; with more, questions stay without an answer.'


SentFrame = tuple[int, int]
'RTP timestamp, as sent, and time of capture of a frame.'


def answer_clock_questions(
    channel: 'RTCDataChannel',
    newest: Callable[[], SentFrame | None],
    on_idle: Callable[[bool], None],
    waits: Callable[[], bool] = lambda: False,
) -> None:
    """
    Answer what the receiver asks on `channel`.

    `newest` returns the frame last sent; `on_idle` gets whether the receiver is idle, each time;
    `waits` returns whether there has been no picture to send yet.
    """

    def on_message(text: object) -> None:
        answer = answer_to(text, newest, waits())
        if answer is None or channel.readyState != 'open':
            return
        if channel.bufferedAmount <= MOST_WAITING:
            channel.send(answer)
        on_idle(is_idle(text))

    channel.on('message', on_message)


def answer_to(
    text: object, newest: Callable[[], SentFrame | None] = lambda: None, waiting: bool = False
) -> str | None:
    """Return the answer to what a receiver asks in `text`, just come; None if it asks nothing."""
    received = time.time_ns()
    times = parsed(text)
    if 'asked' not in times:
        return None
    answer = {'asked': times['asked'], 'received': received}
    if waiting:
        answer['waiting'] = True
    if frame := newest():
        answer |= {'rtp': frame[0], 'captured': frame[1]}
    answer['answered'] = time.time_ns()
    return json.dumps(answer)


def is_idle(text: object) -> bool:
    """Return whether the receiver that asks `text` wants no video."""
    return bool(parsed(text).get('idle'))


class ClockQuestions:
    """
    Ask the sender about its clock, and tell it whether this receiver is `idle`.

    `offset` gets the answers. Belongs to the event loop.
    """

    def __init__(self, offset: ClockOffset) -> None:
        self.idle = False
        self.waiting = False
        'Whether the sender has had no picture yet, by its newest answer.'
        self._offset = offset
        self._steps = WallClockSteps()
        self._asked = Now(0, 0)
        self._again = asyncio.Event()
        self._asking: asyncio.Task[None] | None = None

    def ask_on(self, channel: 'RTCDataChannel') -> None:
        """Ask on `channel`, until closed; the first one counts."""
        if self._asking is None:
            channel.on('message', self._on_message)
            self._asking = asyncio.create_task(
                keep_running('the comparison of clocks', functools.partial(self._ask, channel))
            )

    def look(self) -> None:
        """Compare the clocks again if this machine's was set; called for each frame."""
        if self._steps.noticed(Now.read()):
            self.ask_again()

    def ask_again(self) -> None:
        """Compare the clocks again, because one of them was set."""
        self._again.set()

    def set_idle(self, idle: bool) -> None:
        """Report it at once, and several times soon: messages may be lost."""
        if idle is not self.idle:
            self.idle = idle
            self._again.set()

    async def close(self) -> None:
        """Ask nothing more; idempotent."""
        await end(self._asking)

    async def _ask(self, channel: 'RTCDataChannel') -> None:
        question = 0
        while True:
            self._ask_once(channel)
            question += 1
            interval = FIRST_INTERVAL if question < FIRST_QUESTIONS else INTERVAL
            if await self._is_wanted_again(interval):
                question = 0

    async def _is_wanted_again(self, interval: float) -> bool:
        """Wait for `interval`, or until there is a reason to ask at once, and again soon."""
        with contextlib.suppress(TimeoutError):
            await within(self._again.wait(), interval)
        wanted = self._again.is_set()
        self._again.clear()
        return wanted

    def _ask_once(self, channel: 'RTCDataChannel') -> None:
        self._asked = Now.read()
        if channel.readyState == 'open':
            idle = {'idle': True} if self.idle else {}
            channel.send(json.dumps({'asked': self._asked.unix_ns, **idle}))

    def _on_message(self, text: object) -> None:
        times = parsed(text)
        if times.keys() >= {'asked', 'received', 'answered'} and (
            times['asked'] == self._asked.unix_ns
        ):
            self.waiting = bool(times.get('waiting'))
            # By the clock as it was: it may have been set meanwhile.
            elapsed = time.monotonic_ns() - self._asked.monotonic_ns
            asked = self._asked.unix_ns
            self._offset.add(
                Exchange(asked, times['received'], times['answered'], asked + elapsed)
            )


def parsed(text: object) -> dict[str, int]:
    """Return the numbers in a message, such as times; none of one that is not as it should be."""
    if not isinstance(text, str) or len(text) > MOST_CHARACTERS:
        return {}
    try:
        message: Any = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(message, dict):
        return {}
    return {key: value for key, value in message.items() if isinstance(value, int)}
