"""Negotiation for both ends of webrtcbin: gathering, and a description in a line each way."""

import json
import signal
import socket
import threading
from typing import Any

from webrtc_bridge.gstreamer.library import Element, Gst, GstSdp, GstWebRTC

GATHERING_TIMEOUT = 5.0

SIGNAL_INTERVAL = 200_000_000
'Nanoseconds between checks for signals, which Python cannot handle inside GStreamer.'


def local_description(webrtc: Element, kind: str) -> str:
    """Create the `offer` or `answer` of `webrtc`, apply it, and return it with its candidates."""
    gathered = threading.Event()

    def on_gathering(element: Element, _: Any) -> None:
        complete = GstWebRTC.WebRTCICEGatheringState.COMPLETE
        if element.get_property('ice-gathering-state') == complete:
            gathered.set()

    webrtc.connect('notify::ice-gathering-state', on_gathering)
    created = Gst.Promise.new()
    webrtc.emit(f'create-{kind}', None, created)
    created.wait()
    reply = created.get_reply()
    # Its text, because the description is freed with the reply.
    set_description(webrtc, 'local', kind, reply.get_value(kind).sdp.as_text())
    if not gathered.wait(GATHERING_TIMEOUT):
        raise TimeoutError('webrtcbin did not gather its candidates')
    sdp: str = webrtc.get_property('local-description').sdp.as_text()
    return sdp


def set_description(webrtc: Element, side: str, kind: str, sdp: str) -> None:
    """Apply an `offer` or `answer` of the `local` or `remote` side, and wait for that."""
    _, message = GstSdp.SDPMessage.new_from_text(sdp)
    sdp_type = getattr(GstWebRTC.WebRTCSDPType, kind.upper())
    description = GstWebRTC.WebRTCSessionDescription.new(sdp_type, message)
    applied = Gst.Promise.new()
    webrtc.emit(f'set-{side}-description', description, applied)
    applied.wait()


def send_description(connection: socket.socket, sdp: str) -> None:
    """Send a description."""
    connection.sendall(json.dumps({'sdp': sdp}).encode() + b'\n')


def receive_description(connection: socket.socket) -> str:
    """Return the SDP of the received description."""
    with connection.makefile() as lines:
        sdp: str = json.loads(lines.readline())['sdp']
    return sdp


def run_until_signal(pipeline: Element) -> int:
    """Return the exit status after SIGTERM, or after an error of `pipeline`, which is printed."""
    stopping = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopping.set())
    bus, error = pipeline.get_bus(), Gst.MessageType.ERROR
    while not stopping.is_set():
        if message := bus.timed_pop_filtered(SIGNAL_INTERVAL, error):
            print(message.parse_error(), flush=True)
            return 1
    pipeline.set_state(Gst.State.NULL)
    return 0
