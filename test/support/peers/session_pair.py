"""A camera, its encoder and sessions of both sides in one process, wired without a server."""

import asyncio
import threading
import time

from webrtc_bridge.media.capture.pattern import Pattern
from webrtc_bridge.media.codec.encoding_thread import EncodingThread
from webrtc_bridge.media.frames import CapturedFrame, Codec
from webrtc_bridge.media.latest import Latest
from webrtc_bridge.media.rtp.broadcast import Broadcast
from webrtc_bridge.options import EncoderOptions
from webrtc_bridge.peer.aiortc.inbound_session import InboundSession
from webrtc_bridge.peer.aiortc.peer import IceOptions
from webrtc_bridge.peer.aiortc.sending_peer import AiortcSendingPeer
from webrtc_bridge.peer.outbound_session import OutboundSession
from webrtc_bridge.signaling.protocol.messages import Bye

DEADLINE = 20.0
WIDTH, HEIGHT, FPS = 320, 240, 30


async def until(condition, deadline=DEADLINE):
    """Wait until `condition()` is true; return its value."""
    end = time.monotonic() + deadline
    while not (value := condition()):
        assert time.monotonic() < end, f'not within {deadline} s'
        await asyncio.sleep(0.01)
    return value


class CameraHarness:
    """A camera that shows the test pattern, its encoder and its broadcast."""

    def __init__(self, width=WIDTH, height=HEIGHT):
        loop = asyncio.get_running_loop()
        self.encoded = []
        self._size = width, height
        self._frames = Latest()
        self._closed = threading.Event()

        def deliver(frame):
            self.encoded.append(frame)
            loop.call_soon_threadsafe(self.broadcast.publish, frame)

        self.encoding = EncodingThread(self._frames, EncoderOptions(), FPS, deliver)
        self.broadcast = Broadcast(self.encoding.request_keyframe, self.encoding.stop_encoding)
        self._camera = threading.Thread(target=self._film, name='camera')
        self.encoding.start()
        self._camera.start()

    def _film(self):
        pattern = Pattern(*self._size)
        while not self._closed.wait(1 / FPS):
            now = time.time_ns()
            self._frames.put(CapturedFrame(pattern.draw(now), now))

    def film_one_last(self, seconds=0):
        """Show one more picture, of `seconds` from now, and then no other of its own."""
        self._closed.set()
        self._camera.join()
        now = time.time_ns() + seconds * 1_000_000_000
        self._frames.put(CapturedFrame(Pattern(*self._size).draw(now), now))
        return now

    def close(self):
        self._closed.set()
        self._camera.join()
        self.encoding.close()


def outbound_session(send, broadcast, codecs=(Codec.H264, Codec.VP8)):
    """Return a session that sends `broadcast` by aiortc."""

    def make_peer(listener):
        return AiortcSendingPeer('viewer', IceOptions(), listener, broadcast, codecs)

    return OutboundSession('viewer', 's1', send, make_peer)


class SessionPair:
    """
    Sessions at both ends, their messages and the frames that arrived, with their times.

    What a session sends goes to `send_from_outbound` or `send_from_inbound`, by default to the
    other session.
    """

    def __init__(self, broadcast, codecs=(Codec.H264, Codec.VP8)):
        self.messages = []
        self.frames = []
        self.times = []
        self.send_from_outbound = self.to_inbound
        self.send_from_inbound = self.to_outbound
        self.outbound = outbound_session(
            lambda message: self.send_from_outbound(message), broadcast, codecs
        )
        self.inbound = InboundSession(
            'front',
            's1',
            IceOptions(),
            lambda message: self.send_from_inbound(message),
            self.on_frame,
        )
        self.running = []

    def to_inbound(self, message):
        self.messages.append(message)
        self.inbound.receive(message)

    def to_outbound(self, message):
        self.messages.append(message)
        self.outbound.receive(message)

    def on_frame(self, frame):
        self.frames.append(frame)
        self.times.append(time.monotonic())

    def start(self):
        self.running = [asyncio.ensure_future(s.run()) for s in (self.outbound, self.inbound)]
        return self

    async def received(self, count, deadline=DEADLINE):
        """Wait for `count` more frames; return them."""
        begin = len(self.frames)
        await until(lambda: len(self.frames) >= begin + count, deadline)
        return self.frames[begin : begin + count]

    async def reasons(self):
        """Wait for the end of both sessions; return why they ended."""
        return await asyncio.wait_for(asyncio.gather(*self.running), DEADLINE)

    async def close(self):
        for task in self.running:
            task.cancel()
        await asyncio.gather(*self.running, return_exceptions=True)


class Ends:
    """Takes a session's messages; lets a test wait for one of a kind."""

    def __init__(self):
        self.messages = []

    def __call__(self, message):
        self.messages.append(message)

    async def next(self, kind):
        def found():
            return [message for message in self.messages if isinstance(message, kind)]

        return (await until(found))[-1]

    @property
    def byes(self):
        return [message for message in self.messages if isinstance(message, Bye)]
