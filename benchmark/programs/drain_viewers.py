"""Watch one of our senders several times, at little cost: nothing is decoded."""

import argparse
import asyncio
import sys

from benchmark.programs.draining import FrameCount
from webrtc_bridge.options import ReceiverOptions
from webrtc_bridge.program.lifetime import run
from webrtc_bridge.receiving.delivery import FrameSink, ignore
from webrtc_bridge.receiving.receiver import Receiver


def viewer(number: int, options: ReceiverOptions, count: FrameCount) -> Receiver:
    """Return a receiver that counts the frames it gets."""
    output = FrameSink(
        ignore,
        wants_pictures=lambda: False,
        on_encoded=lambda *_: count.add(number),
        wants_encoded=lambda: True,
    )
    return Receiver(options, output)


async def watch(server: str, sender_id: str, viewers: int) -> None:
    """Watch with so many `viewers`, until cancelled."""
    count = FrameCount(viewers)
    options = ReceiverOptions(server_url=server, sender_id=sender_id)
    receivers = [viewer(number, options, count) for number in range(viewers)]
    await asyncio.gather(count.run(), *(receiver.run() for receiver in receivers))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--server', required=True)
    parser.add_argument('--sender-id', required=True)
    parser.add_argument('--viewers', type=int, required=True)
    given = parser.parse_args()
    return run(lambda: watch(given.server, given.sender_id, given.viewers))


if __name__ == '__main__':
    sys.exit(main())
