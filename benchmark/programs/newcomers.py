"""Watch a sender as a newcomer, again and again: the time from connecting to the first picture."""

import argparse
import asyncio
import sys
import time

from benchmark.programs.report import report
from webrtc_bridge.media.frames import ReceivedFrame
from webrtc_bridge.options import ReceiverOptions
from webrtc_bridge.program.lifetime import run
from webrtc_bridge.receiving.frame_sink import PictureSink
from webrtc_bridge.receiving.receiver import Receiver

LONGEST = 5.0
PAUSE = 0.2


async def newcomer(options: ReceiverOptions) -> float:
    """Return the seconds until one receiver sees a picture; `LONGEST` if it does not."""
    loop = asyncio.get_running_loop()
    seen = asyncio.Event()

    def on_frame(_: ReceivedFrame) -> None:
        loop.call_soon_threadsafe(seen.set)

    start = time.monotonic()
    receiving = asyncio.ensure_future(Receiver(options, PictureSink(on_frame)).run())
    try:
        await asyncio.wait_for(seen.wait(), LONGEST)
        return time.monotonic() - start
    except TimeoutError:
        return LONGEST
    finally:
        receiving.cancel()
        await asyncio.gather(receiving, return_exceptions=True)


async def measure(options: ReceiverOptions) -> None:
    """Be a newcomer until cancelled, and report all times."""
    took: list[float] = []
    print('coming', flush=True)
    try:
        while True:
            took.append(await newcomer(options))
            await asyncio.sleep(PAUSE)
    finally:
        report(took)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--server', required=True)
    parser.add_argument('--sender-id', required=True)
    parser.add_argument('--token-file', required=True)
    parsed = parser.parse_args()
    options = ReceiverOptions(
        parsed.server, sender_id=parsed.sender_id, token_file=parsed.token_file
    )
    return run(lambda: measure(options))


if __name__ == '__main__':
    sys.exit(main())
