"""Connect to our sender repeatedly: the time from `request_offer` to the first picture."""

import argparse
import asyncio
import logging
import sys
import time
from typing import Any

from benchmark.programs.report import report
from webrtc_bridge.media.frames import ReceivedFrame
from webrtc_bridge.options import ReceiverOptions
from webrtc_bridge.program.lifetime import run
from webrtc_bridge.receiving.frame_sink import PictureSink
from webrtc_bridge.receiving.receiver import Receiver
from webrtc_bridge.signaling.client.client import SignalingClient
from webrtc_bridge.signaling.protocol.messages import Message, RequestOffer

LONGEST = 8.0


class LastRequest:
    """The time of the last request for an offer, by any client of this process."""

    def __init__(self) -> None:
        self.at = 0.0
        send = SignalingClient.send

        def recording(client: SignalingClient, message: Message) -> bool:
            if isinstance(message, RequestOffer):
                self.at = time.monotonic()
            return send(client, message)

        patched: Any = SignalingClient
        patched.send = recording


async def first_frame(request: LastRequest, server: str, sender_id: str) -> float:
    """Return the time to the first picture of one connection, in ms."""
    loop = asyncio.get_running_loop()
    first: asyncio.Future[float] = loop.create_future()

    def settle(now: float) -> None:
        if not first.done():
            first.set_result(now)

    def on_frame(_: ReceivedFrame) -> None:
        loop.call_soon_threadsafe(settle, time.monotonic())

    options = ReceiverOptions(server_url=server, sender_id=sender_id)
    receiving = asyncio.ensure_future(Receiver(options, PictureSink(on_frame)).run())
    try:
        return 1000 * (await asyncio.wait_for(first, LONGEST) - request.at)
    finally:
        receiving.cancel()
        await asyncio.gather(receiving, return_exceptions=True)


async def measure(server: str, sender_id: str, number: int) -> None:
    """Connect `number` times."""
    request = LastRequest()
    report([await first_frame(request, server, sender_id) for _ in range(number)])


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--server', required=True)
    parser.add_argument('--sender-id', required=True)
    parser.add_argument('--number', type=int, required=True)
    options = parser.parse_args()
    logging.basicConfig(level=logging.WARNING)
    return run(lambda: measure(options.server, options.sender_id, options.number))


if __name__ == '__main__':
    sys.exit(main())
