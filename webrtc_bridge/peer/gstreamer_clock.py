"""The data channel `clock` (peer/clock_channel.py), on webrtcbin."""

import json
import time

from webrtc_bridge.peer.gstreamer_library import Element, Gst

LABEL = 'clock'
MOST_CHARACTERS = 200


def make_clock_channel(webrtc: Element) -> Element:
    """Return the channel, made before the offer; `on-message-string` tells what is asked."""
    # What comes too late is of no use: neither in order nor sent again.
    options = Gst.Structure.from_string('options,ordered=false,max-retransmits=0')[0]
    return webrtc.emit('create-data-channel', LABEL, options)


def answer_clock_question(channel: Element, text: str | None) -> None:
    """Answer what a receiver asks about this machine's clock; in a thread of GStreamer."""
    received = time.time_ns()
    try:
        question = json.loads(text) if text and len(text) <= MOST_CHARACTERS else None
    except (ValueError, RecursionError):
        return
    asked = question.get('asked') if isinstance(question, dict) else None
    if type(asked) is int:
        answer = {'asked': asked, 'received': received, 'answered': time.time_ns()}
        channel.emit('send-string', json.dumps(answer))
