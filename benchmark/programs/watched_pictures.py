"""
Receive a sender with our receiver, and report the time and the size of each frame.

Frames count that are whole and in order, those in a burst after a repair included, as a page
counts what it has decoded; of pictures, the newest would win.
"""

import argparse
import asyncio
import time
from collections.abc import Sequence

from benchmark.programs.report import report
from webrtc_bridge.media.frames import EncodedFrame
from webrtc_bridge.media.h264.video_size import video_size
from webrtc_bridge.options import ReceiverOptions
from webrtc_bridge.program.lifetime import run
from webrtc_bridge.receiving.frame_sink import FrameSink
from webrtc_bridge.receiving.receiver import Receiver

Picture = tuple[float, int, int]
'Unix time of arrival, width and height.'


class Noted(FrameSink):
    """Note each frame."""

    def __init__(self) -> None:
        self.pictures: list[Picture] = []
        self._size = (0, 0)

    def wants_pictures(self) -> bool:
        """Decode nothing."""
        return False

    def wants_frames(self) -> bool:
        """Take frames."""
        return True

    def on_frame(self, frame: EncodedFrame, stamp_ns: int, sender_id: str) -> None:
        """Note a frame, whose size is that of its keyframe."""
        self._size = (frame.keyframe and video_size(frame)) or self._size
        self.pictures.append((time.time(), *self._size))
        if len(self.pictures) == 1:
            print(f'first picture at {self.pictures[0][0]:.6f}', flush=True)


async def watch(url: str, sender_id: str) -> None:
    """Receive until cancelled."""
    noted = Noted()
    receiver = Receiver(ReceiverOptions(url, sender_id=sender_id), noted)
    try:
        await receiver.run()
    except asyncio.CancelledError:
        report(noted.pictures)
        raise


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the program."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--server', required=True)
    parser.add_argument('--sender-id', required=True)
    options = parser.parse_args(arguments)
    return run(lambda: watch(options.server, options.sender_id))


if __name__ == '__main__':
    raise SystemExit(main())
