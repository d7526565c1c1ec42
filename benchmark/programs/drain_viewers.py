"""Watch our sender with several cheap viewers, which decode nothing."""

import argparse
import asyncio
import sys

from benchmark.programs.draining import FrameCount
from webrtc_bridge.media.frames import EncodedFrame
from webrtc_bridge.options import ReceiverOptions
from webrtc_bridge.program.lifetime import run
from webrtc_bridge.receiving.frame_sink import FrameSink
from webrtc_bridge.receiving.receiver import Receiver


class Drain(FrameSink):
    """Count the encoded frames of one viewer."""

    def __init__(self, number: int, count: FrameCount) -> None:
        self._number = number
        self._count = count

    def wants_pictures(self) -> bool:
        """Return False: nothing is decoded."""
        return False

    def wants_frames(self) -> bool:
        """Return True."""
        return True

    def on_frame(self, frame: EncodedFrame, stamp_ns: int, sender_id: str) -> None:
        """Count it."""
        self._count.add(self._number)


async def watch(server: str, sender_id: str, viewers: int) -> None:
    """Watch with this number of `viewers` until cancelled."""
    count = FrameCount(viewers)
    options = ReceiverOptions(server_url=server, sender_id=sender_id)
    receivers = [Receiver(options, Drain(number, count)) for number in range(viewers)]
    await asyncio.gather(count.run(), *(receiver.run() for receiver in receivers))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--server', required=True)
    parser.add_argument('--sender-id', required=True)
    parser.add_argument('--viewers', type=int, required=True)
    options = parser.parse_args()
    return run(lambda: watch(options.server, options.sender_id, options.viewers))


if __name__ == '__main__':
    sys.exit(main())
