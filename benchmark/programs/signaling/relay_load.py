"""Send 1 kB messages between pairs of peers, as many as the server relays."""

import argparse
import asyncio
import sys
import time

from benchmark.programs.report import report
from benchmark.programs.signaling.raw_peers import RawPeer, message
from benchmark.programs.signaling.session_messages import MOST_CANDIDATES, candidate, description
from webrtc_bridge.program.lifetime import run


class Pair:
    """
    A sender and a receiver; each session is an offer, an answer and all their candidates.

    `relayed` counts the messages that arrived.
    """

    def __init__(self, name: str) -> None:
        self.relayed = 0
        self._name = name
        self._left = 0
        self._request = message('request_offer', sender_id=name)
        to_receiver, to_sender = {'receiver_id': f'{name}r'}, {'sender_id': name}
        self._offer = description('offer', to_receiver) + MOST_CANDIDATES * candidate(to_receiver)
        self._answer = description('answer', to_sender) + MOST_CANDIDATES * candidate(to_sender)

    async def start(self, server: str) -> None:
        """Connect, and start the first session."""
        self._sender = await RawPeer.connect(
            server, f'/sender?id={self._name}', self._on_sender_text
        )
        self._receiver = await RawPeer.connect(
            server, f'/receiver?id={self._name}r', self._on_receiver_text
        )
        self._next_session()

    def _next_session(self) -> None:
        self._left = 2 * (1 + MOST_CANDIDATES)
        self._receiver.write(self._request)

    def _on_sender_text(self, text: bytes) -> None:
        if text.startswith(b'{"type":"request_offer"'):
            self._sender.write(self._offer)
        else:
            self._count(text)

    def _on_receiver_text(self, text: bytes) -> None:
        if text.startswith(b'{"type":"offer"'):
            self._receiver.write(self._answer)
        self._count(text)

    def _count(self, text: bytes) -> None:
        if text.startswith((b'{"type":"candidate"', b'{"type":"offer"', b'{"type":"answer"')):
            self.relayed += 1
            self._left -= 1
            if self._left == 0:
                self._next_session()
        elif text.startswith(b'{"type":"error"'):
            raise RuntimeError(text.decode())


async def load(server: str, pairs: int, seconds: float) -> None:
    """Report the number of messages relayed per second."""
    each = [Pair(f'pair{number}') for number in range(pairs)]
    for pair in each:
        await pair.start(server)
    print('relaying', flush=True)
    before, start = sum(pair.relayed for pair in each), time.monotonic()
    await asyncio.sleep(seconds)
    relayed = sum(pair.relayed for pair in each) - before
    report(relayed / (time.monotonic() - start))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--server', required=True)
    parser.add_argument('--pairs', type=int, default=4)
    parser.add_argument('--seconds', type=float, required=True)
    options = parser.parse_args()
    return run(lambda: load(options.server, options.pairs, options.seconds))


if __name__ == '__main__':
    sys.exit(main())
