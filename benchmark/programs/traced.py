"""
Run one of our programs, and record the instants of each frame's way from outside.

    python -m benchmark.programs.traced FILE MODULE [ARGUMENT …]

When it ends, FILE contains a JSON list of [instant, key, Unix time in ns]. In a sender the key is
the time of capture (`encoding`, `encoded`) or the RTP timestamp (`sent`); in a receiver it is the
RTP timestamp.
"""

import json
import runpy
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aioice.ice

from webrtc_bridge.media.codec.decoding_thread import DecodingThread
from webrtc_bridge.media.codec.encoder import Encoder
from webrtc_bridge.receiving.delivery import Delivery

RTCP_TYPES = range(64, 96)
'Second bytes, without their first bit, that distinguish RTCP from RTP (RFC 5761, section 4).'


class Trace:
    """The recorded instants, from any thread."""

    def __init__(self) -> None:
        self.instants: list[tuple[str, int, int]] = []
        self._frame = 0

    def note(self, instant: str, key: int) -> None:
        """Record that `instant` of the frame `key` is now."""
        self.instants.append((instant, key, time.time_ns()))

    def note_last_packet(self, instant: str, data: Any) -> None:
        """Record `instant` if `data` is the last packet of a frame (RFC 3550, section 5.1)."""
        if len(data) < 12 or data[0] & 0xC0 != 0x80 or data[1] & 0x7F in RTCP_TYPES:
            return
        if data[1] & 0x80:
            self.note(instant, int.from_bytes(data[4:8], 'big'))

    def encoding(self, encoder: Any, frame: Any, *_: Any, **__: Any) -> None:
        """Record when the encoder gets a picture."""
        self.note('encoding', frame.capture_ns)

    def encoded(self, encoder: Any, frame: Any, *_: Any, **__: Any) -> None:
        """Record when it is encoded and its payloads are cut."""
        self.note('encoded', frame.capture_ns)

    def arrived(self, connection: Any, data: bytes, *_: Any) -> None:
        """Record when the last packet of a frame is read from its socket."""
        self.note_last_packet('arrived', data)

    def assembled(self, thread: Any, frame: Any, *_: Any) -> None:
        """Record when a whole frame is handed to the decoder."""
        self.note('assembled', frame.timestamp)

    def decoded(self, delivery: Any, stream: Any, picture: Any, frame: Any, *_: Any) -> None:
        """Record when its picture has been decoded."""
        self._frame = frame.timestamp
        self.note('decoded', frame.timestamp)

    def publishing(self, publisher: Any, message: Any) -> None:
        """Record when its message is about to be published."""
        if not hasattr(message, 'level') and self._frame:
            self.note('publishing', self._frame)

    def published(self, publisher: Any, message: Any) -> None:
        """Record when that is done."""
        if self._frame:
            self.note('published', self._frame)
            self._frame = 0


Hook = Callable[..., None]


def wrap(owner: Any, name: str, before: Hook | None, after: Hook | None = None) -> None:
    """Call `before` and `after`, with the same arguments, around a method of `owner`."""
    original = getattr(owner, name)

    def wrapped(*arguments: Any, **named: Any) -> Any:
        if before:
            before(*arguments, **named)
        try:
            return original(*arguments, **named)
        finally:
            if after:
                after(*arguments, **named)

    setattr(owner, name, wrapped)


class RecordingTransport:
    """A datagram transport that records when it sends; otherwise it is `transport`."""

    def __init__(self, transport: Any, trace: Trace) -> None:
        self._transport = transport
        self._trace = trace

    def sendto(self, data: Any, *address: Any) -> None:
        """Record the time, and send."""
        self._trace.note_last_packet('sent', data)
        self._transport.sendto(data, *address)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def trace_packets(trace: Trace) -> None:
    """Record packets where they are sent and read: in a transport of asyncio, or a socket."""
    protocol: Any = aioice.ice.StunProtocol
    connection_made = protocol.connection_made

    def connected(self: Any, transport: Any) -> None:
        connection_made(self, RecordingTransport(transport, trace))

    protocol.connection_made = connected
    wrap(aioice.ice.Connection, 'data_received', trace.arrived)
    kind: Any = socket.socket
    for name in ('send', 'sendto'):
        wrap(kind, name, lambda _, data, *__: trace.note_last_packet('sent', data))


def trace_frames(trace: Trace) -> None:
    """Record where a frame is handed on."""
    wrap(Encoder, 'encode', trace.encoding, trace.encoded)
    wrap(DecodingThread, 'put', trace.assembled)
    wrap(Delivery, 'on_picture', trace.decoded)
    if 'receiver_node' in sys.argv[2]:
        from rclpy.publisher import Publisher

        wrap(Publisher, 'publish', trace.publishing, trace.published)


def main() -> None:
    file, module = Path(sys.argv[1]), sys.argv[2]
    trace = Trace()
    trace_frames(trace)
    trace_packets(trace)
    sys.argv = [module, *sys.argv[3:]]
    try:
        runpy.run_module(module, run_name='__main__')
    finally:
        file.write_text(json.dumps(trace.instants))


if __name__ == '__main__':
    main()
