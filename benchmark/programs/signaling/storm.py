"""Many senders with many receivers, which all set up their sessions at once."""

import argparse
import asyncio
import sys
import time

from benchmark.programs.report import report
from benchmark.programs.signaling.raw_peers import RawPeer, connect_all, message
from benchmark.programs.signaling.session_messages import candidate, description
from webrtc_bridge.program.lifetime import run

CANDIDATES = 10
LONGEST = 60.0


class Storm:
    """`senders` with `receivers` each; a session ends when both sides have all messages."""

    def __init__(self, senders: int, receivers: int) -> None:
        self.took_ms: list[float] = []
        self._receivers_of = receivers
        self._number = senders * receivers
        self._left = [2 * (1 + CANDIDATES)] * self._number
        self._senders: list[RawPeer] = []
        self._receivers: list[RawPeer] = []
        self._over = asyncio.Event()
        self._start = 0.0

    async def run(self, server: str) -> float:
        """Return the seconds until all sessions had ended."""
        senders = [f'/sender?id=s{n}' for n in range(self._number // self._receivers_of)]
        receivers = [f'/receiver?id=r{n}' for n in range(self._number)]
        self._senders = await connect_all(server, senders, self._on_sender_text)
        self._receivers = await connect_all(server, receivers, self._on_receiver_text)
        print('all registered', flush=True)
        self._start = time.monotonic()
        for number, receiver in enumerate(self._receivers):
            sender_id = f's{number // self._receivers_of}'
            receiver.write(message('request_offer', sender_id=sender_id))
        await asyncio.wait_for(self._over.wait(), LONGEST)
        return time.monotonic() - self._start

    def _on_sender_text(self, number: int, text: bytes) -> None:
        receiver = text.split(b'"receiver_id":"r', 1)[1].split(b'"', 1)[0].decode()
        if text.startswith(b'{"type":"request_offer"'):
            to = {'receiver_id': f'r{receiver}'}
            self._senders[number].write(description('offer', to) + CANDIDATES * candidate(to))
        else:
            self._heard(int(receiver))

    def _on_receiver_text(self, number: int, text: bytes) -> None:
        if text.startswith(b'{"type":"sender'):
            return
        if text.startswith(b'{"type":"offer"'):
            to = {'sender_id': f's{number // self._receivers_of}'}
            self._receivers[number].write(description('answer', to) + CANDIDATES * candidate(to))
        self._heard(number)

    def _heard(self, number: int) -> None:
        self._left[number] -= 1
        if self._left[number] == 0:
            self.took_ms.append(1000 * (time.monotonic() - self._start))
            if len(self.took_ms) == self._number:
                self._over.set()


async def storm(server: str, senders: int, receivers: int) -> None:
    """Report the time of all sessions together, and of each."""
    sessions = Storm(senders, receivers)
    seconds = await sessions.run(server)
    report({'seconds': seconds, 'took_ms': sessions.took_ms, 'candidates': CANDIDATES})


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument('--server', required=True)
    parser.add_argument('--senders', type=int, required=True)
    parser.add_argument('--receivers', type=int, required=True)
    options = parser.parse_args()
    return run(lambda: storm(options.server, options.senders, options.receivers))


if __name__ == '__main__':
    sys.exit(main())
