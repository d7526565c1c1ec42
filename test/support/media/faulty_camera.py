"""
A sender whose camera obeys commands on stdin: URL ID.

unplug | plug | size WIDTH HEIGHT | clock SECONDS (error of its capture times)
"""

import asyncio
import errno
import sys
import threading
import time

from webrtc_bridge.errors import SourceNotFound
from webrtc_bridge.media.capture.camera import Camera
from webrtc_bridge.media.capture.pattern import Pattern
from webrtc_bridge.media.frames import CapturedFrame
from webrtc_bridge.media.latest import Latest
from webrtc_bridge.options import EncoderOptions, SenderOptions, SourceOptions
from webrtc_bridge.program.lifetime import configure_logging, run
from webrtc_bridge.sending.sender import Sender

FPS = 30


class Device:
    """The device that the camera opens by calling it, with its present faults."""

    def __init__(self) -> None:
        self.unplugged = threading.Event()
        self.pattern = Pattern(320, 240)
        self.clock_offset_ns = 0

    def __call__(self) -> 'Opening':
        if self.unplugged.is_set():
            raise SourceNotFound('device', 'no such device')
        return Opening(self)

    def obey(self, command: str, *words: str) -> None:
        if command == 'unplug':
            self.unplugged.set()
        elif command == 'plug':
            self.unplugged.clear()
        elif command == 'size':
            self.pattern = Pattern(int(words[0]), int(words[1]))
        elif command == 'clock':
            self.clock_offset_ns = int(float(words[0]) * 1e9)


class Opening:
    description = 'faulty camera'
    read_timeout = 2.0

    def __init__(self, device: Device) -> None:
        self._device = device

    def read(self) -> CapturedFrame:
        if self._device.unplugged.wait(1 / FPS):
            raise OSError(errno.ENODEV, 'No such device')
        now = time.time_ns()
        return CapturedFrame(self._device.pattern.draw(now), now + self._device.clock_offset_ns)

    def close(self) -> None:
        pass


async def main(url: str, sender_id: str) -> None:
    frames: Latest[CapturedFrame] = Latest()
    device = Device()
    camera = Camera(SourceOptions(source='test'), frames, device)
    camera.open()
    options = SenderOptions(url, sender_id=sender_id)
    serving = asyncio.ensure_future(Sender(options, EncoderOptions(), frames, FPS).run())
    try:
        while line := await asyncio.to_thread(sys.stdin.readline):
            device.obey(*line.split())
    finally:
        serving.cancel()
        await asyncio.gather(serving, return_exceptions=True)
        camera.close()


if __name__ == '__main__':
    configure_logging('info')
    sys.exit(run(lambda: main(*sys.argv[1:])))
