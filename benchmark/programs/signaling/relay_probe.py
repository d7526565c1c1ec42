"""Measure repeatedly how long a 1 kB message takes from one peer to the other."""

import argparse
import asyncio
import sys
import time

from benchmark.programs.report import report
from benchmark.programs.signaling.raw_peers import RawPeer, message
from benchmark.programs.signaling.session_messages import MOST_CANDIDATES, candidate, description
from webrtc_bridge.program.lifetime import run

INTERVAL = 0.01
SENDER, RECEIVER = 'probe', 'probed'


class Probe:
    """A pair of peers; the candidates of its sender carry the time of sending."""

    def __init__(self) -> None:
        self.samples: list[tuple[int, float]] = []
        self._asked = asyncio.Event()

    async def run(self, server: str) -> None:
        """Send a candidate every `INTERVAL` until cancelled."""
        sender = await RawPeer.connect(server, f'/sender?id={SENDER}', self._on_sender_text)
        receiver = await RawPeer.connect(server, f'/receiver?id={RECEIVER}', self._on_text)
        to_receiver = {'receiver_id': RECEIVER}
        print('probing', flush=True)
        while True:
            self._asked.clear()
            receiver.write(message('request_offer', sender_id=SENDER))
            await self._asked.wait()
            sender.write(description('offer', to_receiver))
            for _ in range(MOST_CANDIDATES):
                sender.write(candidate(to_receiver, str(time.time_ns())))
                await asyncio.sleep(INTERVAL)

    def _on_sender_text(self, text: bytes) -> None:
        if text.startswith(b'{"type":"request_offer"'):
            self._asked.set()

    def _on_text(self, text: bytes) -> None:
        if text.startswith(b'{"type":"candidate"'):
            now = time.time_ns()
            sent = int(text.split(b'network-id ', 1)[1].split(b' ', 1)[0])
            self.samples.append((sent, (now - sent) / 1e6))


async def probe(server: str) -> None:
    """Report the sending time of each message in Unix nanoseconds, and its delay in ms."""
    probing = Probe()
    try:
        await probing.run(server)
    finally:
        report(probing.samples)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--server', required=True)
    options = parser.parse_args()
    return run(lambda: probe(options.server))


if __name__ == '__main__':
    sys.exit(main())
