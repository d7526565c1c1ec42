"""Offers and answers of all kinds of peers, spoilt, at our end. The same ones in each run."""

import asyncio
import gc
import re
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.leaks import open_sockets, other_tasks
from support.peers.fake_peers import ObservingListener
from support.peers.sdp_samples import CHROMIUM, GSTREAMER

from webrtc_bridge.errors import SessionError
from webrtc_bridge.peer.aiortc.peer import AiortcPeer, IceOptions

SHORT = settings(derandomize=True, deadline=None, max_examples=40, database=None)
LONG = settings(
    SHORT, derandomize=False, max_examples=800, suppress_health_check=list(HealthCheck)
)

# A browser's name for its address is asked for by multicast, which takes seconds if in vain.
OFFERS = [GSTREAMER, re.sub(r'\S+\.local', '192.0.2.9', CHROMIUM)]
WORDS = st.sampled_from(
    ['', '0', '-1', '99999999999999999999', '65536', 'x', '127.0.0.1', '*', ':', ';', '=', 'é\x00']
)
Sides = Callable[[str], str]


@st.composite
def edits(draw: st.DrawFn) -> Sides:
    """Return what spoils a description in a few places."""
    changes = draw(
        st.lists(
            st.tuples(
                st.sampled_from(['drop', 'double', 'swap', 'cut', 'word', 'number']),
                st.integers(0, 10_000),
                st.integers(0, 10_000),
                WORDS,
            ),
            min_size=1,
            max_size=4,
        )
    )

    def spoil(sdp: str) -> str:
        lines = sdp.splitlines()
        for kind, where, second, word in changes:
            lines = spoilt(lines, kind, where, second, word)
        return '\r\n'.join(lines) + '\r\n'

    return spoil


def spoilt(lines: list[str], kind: str, where: int, second: int, word: str) -> list[str]:
    """Return `lines` with one thing wrong; `where` and `second` are taken modulo what there is."""
    at, other = where % len(lines), second % len(lines)
    line, lines = lines[at], lines.copy()
    if kind == 'drop':
        return [*lines[:at], *lines[at + 1 :]] or [word]
    if kind == 'double':
        return [*lines[:other], line, *lines[other:]]
    if kind == 'swap':
        lines[at], lines[other] = lines[other], line
    elif kind == 'cut':
        lines[at] = line[: second % (len(line) + 1)]
    elif kind == 'word':
        words = line.replace(':', ' : ').split(' ')
        words[second % len(words)] = word
        lines[at] = ' '.join(words).replace(' : ', ':')
    else:
        lines[at] = ''.join(chr((ord(c) + second) % 10 + 48) if c.isdigit() else c for c in line)
    return lines


class PeerHarness:
    """Peers that take spoilt descriptions, and what they leave behind."""

    def __init__(self, runner: asyncio.Runner) -> None:
        self._runner = runner
        self.accepted = self.refused = 0
        self.errors: list[object] = []
        runner.get_loop().set_exception_handler(lambda _, context: self.errors.append(context))

    def answers(self, sdp: str) -> None:
        """Let a peer take `sdp` as an offer and answer it."""
        self._runner.run(self._closed_after(self._answer, sdp))

    def is_answered(self, spoil: Sides) -> None:
        """Let a peer take another's answer, spoilt."""
        self._runner.run(self._closed_after(self._offer, spoil))

    async def _closed_after(self, scene, argument) -> None:  # type: ignore[no-untyped-def]
        tasks = other_tasks()
        peers: list[AiortcPeer] = []
        try:
            await scene(peers, argument)
            self.accepted += 1
        except SessionError:
            self.refused += 1
        finally:
            for peer in peers:
                await asyncio.wait_for(peer.close(), 5.0)
        await asyncio.sleep(0)
        assert other_tasks() <= tasks

    async def _answer(self, peers: list[AiortcPeer], sdp: str) -> None:
        peer = make_peer(peers)
        await peer.apply('offer', sdp)
        await peer.answer()

    async def _offer(self, peers: list[AiortcPeer], spoil: Sides) -> None:
        first, second = make_peer(peers), make_peer(peers)
        first.connection.addTransceiver('video', 'sendonly')
        first.connection.createDataChannel('x')
        await second.apply('offer', await first.offer())
        await first.apply('answer', spoil(await second.answer()))


def make_peer(peers: list[AiortcPeer]) -> AiortcPeer:
    peers.append(AiortcPeer('front', IceOptions(), ObservingListener()))
    return peers[-1]


def run_both(profile: settings) -> None:
    with asyncio.Runner() as runner:
        harness = PeerHarness(runner)
        for sdp in OFFERS:
            harness.answers(sdp)
        harness.is_answered(lambda sdp: sdp)
        assert (harness.accepted, harness.refused) == (3, 0)
        sockets = open_sockets()

        @profile
        @given(st.sampled_from(OFFERS), edits())
        def offers(sdp: str, spoil: Sides) -> None:
            harness.answers(spoil(sdp))

        @profile
        @given(edits())
        def answers(spoil: Sides) -> None:
            harness.is_answered(spoil)

        offers()
        answers()
        gc.collect()
        runner.run(asyncio.sleep(0))
        assert harness.accepted > 10
        assert harness.refused > 10
        assert harness.errors == []
        assert open_sockets() <= sockets


def test_no_description_breaks_a_peer() -> None:
    run_both(SHORT)


@pytest.mark.long
def test_no_description_breaks_a_peer_for_long() -> None:
    run_both(LONG)
