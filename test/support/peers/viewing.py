"""
Receivers in a process of their own: URL SENDER NUMBER [PAUSE].

It says when all have a picture, and answers each line on stdin by how many each has, and by how
old the pictures of the first were when they were handed out, since the line before, in ms. A
receiver takes PAUSE seconds for each picture.
The token and the file of the CA, if any, are in WEBRTC_BRIDGE_TOKEN and SERVER_CA.
"""

import asyncio
import os
import sys
import time

from webrtc_bridge.media.frames import ReceivedFrame
from webrtc_bridge.options import ReceiverOptions
from webrtc_bridge.receiving.frame_sink import PictureSink
from webrtc_bridge.receiving.receiver import Receiver


async def main(url: str, sender: str, number: int, pause: float) -> None:
    pictures = [0] * number
    ages: list[int] = []

    def receiver(index: int) -> Receiver:
        def take(frame: ReceivedFrame) -> None:
            pictures[index] += 1
            if index == 0:
                ages.append((time.time_ns() - frame.stamp_ns) // 1_000_000)
            if pictures[index] == 1 and all(pictures):
                print('all see it', flush=True)
            time.sleep(pause)

        ca_file = os.environ.get('SERVER_CA', '')
        options = ReceiverOptions(url, sender_id=sender, ca_file=ca_file)
        return Receiver(options, PictureSink(take))

    running = [asyncio.ensure_future(receiver(index).run()) for index in range(number)]
    while await asyncio.to_thread(sys.stdin.readline):
        print('pictures:', *pictures, 'ages:', *ages, flush=True)
        ages.clear()
    for task in running:
        task.cancel()
    await asyncio.gather(*running, return_exceptions=True)


if __name__ == '__main__':
    url, sender, number, *pause = sys.argv[1:]
    asyncio.run(main(url, sender, int(number), float(pause[0]) if pause else 0.0))
