"""The connection to a viewer who leaves, or joins, while webrtcbins are busy."""

import asyncio
import gc
import threading

import pytest
from support.peers.session_pair import until

from webrtc_bridge.errors import RequirementError, SessionError
from webrtc_bridge.gstreamer.library import require_gstreamer

try:
    require_gstreamer()
except RequirementError as missing:
    pytest.skip(str(missing), allow_module_level=True)

from support.peers.gstreamer_pair import GStreamerPair, pipeline_of

from webrtc_bridge.gstreamer.departures import MOST_TURNS
from webrtc_bridge.gstreamer.peer import webrtc
from webrtc_bridge.gstreamer.peer.peer import GStreamerPeer

SOURCE = 'videotestsrc is-live=true ! video/x-raw,width=320,height=240,framerate=30/1'


class Listener:
    """Takes everything of a `SendingPeerListener`."""

    def __getattr__(self, name):
        return lambda *given: None


class BusyMachine:
    """
    Webrtcbins stop in the middle of describing themselves, until `go_on`.

    `made` counts them, `alive` those that there still are, `waiting` those that have stopped.
    """

    def __init__(self, monkeypatch):
        self.made = self.alive = 0
        self.waiting = 0
        self._is_idle = threading.Event()
        self._make = webrtc.make_webrtc
        monkeypatch.setattr(webrtc, 'make_webrtc', self._make_slow)

    def go_on(self):
        self._is_idle.set()

    def _make_slow(self):
        element = self._make()
        self.made += 1
        self.alive += 1
        element.weak_ref(self._on_gone)
        element.connect('notify::signaling-state', self._wait)
        return element

    def _wait(self, *_):
        self.waiting += 1
        self._is_idle.wait()
        self.waiting -= 1

    def _on_gone(self):
        self.alive -= 1


@pytest.fixture
def busy_machine(monkeypatch):
    machine = BusyMachine(monkeypatch)
    yield machine
    machine.go_on()


@pytest.fixture
def no_garbage_collector():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


async def begin(pipeline):
    """Return a peer, and the task that makes its offer, which has begun."""
    peer = GStreamerPeer('viewer', (), Listener(), pipeline)
    offering = asyncio.ensure_future(peer.offer())
    await asyncio.sleep(0)
    return peer, offering


async def leave(peer, offering):
    """End a session as its owner does."""
    offering.cancel()
    await asyncio.wait({offering})
    await peer.close()
    await asyncio.sleep(0)  # what it has started begins


@pytest.mark.usefixtures('no_garbage_collector')
async def test_who_leaves_early_does_not_wait_and_all_is_released_once_webrtcbin_answers(
    busy_machine,
):
    async with pipeline_of(SOURCE) as pipeline:
        peer, offering = await begin(pipeline)
        await until(lambda: busy_machine.waiting)
        await leave(peer, offering)
        assert busy_machine.waiting == len(pipeline.departures) == busy_machine.alive == 1
        assert not peer._branch.element.is_locked_state()  # it would be while it is stopped
        busy_machine.go_on()
        await until(lambda: not len(pipeline.departures))
        await until(lambda: busy_machine.alive == 0)


@pytest.mark.usefixtures('no_garbage_collector')
async def test_an_answer_that_webrtcbin_refuses_keeps_nothing_of_the_session(busy_machine):
    busy_machine.go_on()
    async with pipeline_of(SOURCE) as pipeline:
        peer, offering = await begin(pipeline)
        await offering
        answer = 'v=0\r\nm=video 9 UDP/TLS/RTP/SAVPF 96\r\na=rtpmap:96 H264/90000\r\n'
        with pytest.raises(SessionError):
            await peer.apply('answer', answer)
        await leave(peer, offering)
        await until(lambda: busy_machine.alive == 0)


async def test_a_few_webrtcbins_are_busy_at_once_and_who_leaves_before_its_turn_made_none(
    busy_machine,
):
    async with pipeline_of(SOURCE) as pipeline:
        first = [await begin(pipeline) for _ in range(MOST_TURNS)]
        await until(lambda: busy_machine.waiting == MOST_TURNS)
        for early in first:
            await leave(*early)
        for _ in range(3 * MOST_TURNS):
            await leave(*await begin(pipeline))
        late, offering = await begin(pipeline)
        assert busy_machine.made == len(pipeline.departures) == MOST_TURNS
        busy_machine.go_on()
        assert 'm=video' in await offering
        await until(lambda: busy_machine.alive == 1)
        await late.close()
        await until(lambda: busy_machine.alive == 0)


async def test_who_joins_while_the_machine_is_busy_gets_pictures_once_it_is_not(busy_machine):
    async with pipeline_of(SOURCE) as pipeline:
        pairs = [GStreamerPair(pipeline) for _ in range(MOST_TURNS + 1)]
        await until(lambda: busy_machine.waiting == MOST_TURNS)
        busy_machine.go_on()
        for pair in pairs:
            await until(lambda pair=pair: pair.frames)
            assert pair.frames[0].keyframe
            await pair.close()


async def test_the_program_ends_while_a_webrtcbin_is_busy(busy_machine):
    async with pipeline_of(SOURCE) as pipeline:
        peer, offering = await begin(pipeline)
        await until(lambda: busy_machine.waiting)
        await leave(peer, offering)
    assert len(pipeline.departures) == 0
    assert busy_machine.waiting == 1


async def test_a_webrtcbin_that_never_answers_is_stopped_in_the_end(
    busy_machine, monkeypatch, caplog
):
    monkeypatch.setattr(webrtc, 'PATIENCE', 0.1)
    async with pipeline_of(SOURCE) as pipeline:
        peer, offering = await begin(pipeline)
        await until(lambda: busy_machine.waiting)
        await leave(peer, offering)
        await until(lambda: not len(pipeline.departures))
        assert 'no answer from GStreamer in 0.1 s' in caplog.text
        busy_machine.go_on()
