"""Receive a sender with our receiver, and report the time and the size of each picture."""

import argparse
import asyncio
import time
from collections.abc import Sequence

from benchmark.programs.report import report
from webrtc_bridge.media.frames import ReceivedFrame
from webrtc_bridge.options import ReceiverOptions
from webrtc_bridge.program.lifetime import run
from webrtc_bridge.receiving.frame_sink import PictureSink
from webrtc_bridge.receiving.receiver import Receiver

Picture = tuple[float, int, int]
'Unix time of arrival, width and height.'


async def watch(url: str, sender_id: str) -> None:
    """Receive until cancelled."""
    pictures: list[Picture] = []

    def take(frame: ReceivedFrame) -> None:
        pictures.append((time.time(), frame.picture.width, frame.picture.height))
        if len(pictures) == 1:
            print(f'first picture at {pictures[0][0]:.6f}', flush=True)

    receiver = Receiver(ReceiverOptions(url, sender_id=sender_id), PictureSink(take))
    try:
        await receiver.run()
    except asyncio.CancelledError:
        report(pictures)
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
