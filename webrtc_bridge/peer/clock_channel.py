"""
The data channel `clock`, by which a receiver measures the offset of its sender's clock.

The receiver asks `{"asked": ns}`; the sender adds `"received"` and `"answered"`. All are Unix time
in nanoseconds. A sender that knows adds when its newest frame was `"captured"`, and that frame's
RTP timestamp, `"rtp"`: browsers keep what RTCP reports say to themselves. A peer that does not
have the channel, or does not answer, is taken at its word.
"""

import asyncio
import itertools
import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from webrtc_bridge.peer.clock_offset import ClockOffset, Exchange

if TYPE_CHECKING:
    # The GStreamer sender answers by `answer_to`, and needs no aiortc.
    from aiortc import RTCDataChannel

LABEL = 'clock'

FIRST_QUESTIONS, FIRST_INTERVAL, INTERVAL = 8, 0.1, 5.0
'Questions soon after another, for a good offset at once; then one every `INTERVAL` seconds.'

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


async def ask_clock_questions(channel: 'RTCDataChannel', offset: ClockOffset) -> None:
    """Ask the sender on `channel` and tell `offset` its answers, until cancelled."""
    asked = 0

    def on_message(text: object) -> None:
        heard = time.time_ns()
        times = parsed(text)
        if times.keys() >= {'asked', 'received', 'answered'} and times['asked'] == asked:
            offset.add(Exchange(asked, times['received'], times['answered'], heard))

    channel.on('message', on_message)
    for question in itertools.count():
        asked = time.time_ns()
        if channel.readyState == 'open':
            channel.send(json.dumps({'asked': asked}))
        await asyncio.sleep(FIRST_INTERVAL if question < FIRST_QUESTIONS else INTERVAL)


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
