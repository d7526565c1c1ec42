"""The data channel `clock` (peer/clock_channel.py), on webrtcbin."""

from webrtc_bridge.gstreamer.library import Element, Gst
from webrtc_bridge.peer.clock_channel import LABEL, answer_to


def make_clock_channel(webrtc: Element) -> Element:
    """Return the channel, made before the offer; `on-message-string` tells what is asked."""
    # What comes too late is of no use: neither in order nor sent again.
    options = Gst.Structure.from_string('options,ordered=false,max-retransmits=0')[0]
    return webrtc.emit('create-data-channel', LABEL, options)


def answer_clock_question(channel: Element, text: str | None) -> None:
    """Answer what a receiver asks about this machine's clock; in a thread of GStreamer."""
    answer = answer_to(text)
    if answer:
        channel.emit('send-string', answer)
