"""Each task that runs as long as its program is broken once: it is logged, and goes on."""

import asyncio
import functools
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from support.peers.fake_peers import FULL, FakePeer
from support.peers.session_pair import CameraHarness, SessionPair, until

from webrtc_bridge.media.rtp.outbound_rtp import OutboundRtp
from webrtc_bridge.options import ReceiverOptions, SenderOptions, SignalingOptions
from webrtc_bridge.peer import clock_channel
from webrtc_bridge.program import lifetime, long_tasks
from webrtc_bridge.program.cancellation import end
from webrtc_bridge.receiving.frame_sink import PictureSink
from webrtc_bridge.receiving.inbound_stream import InboundStream
from webrtc_bridge.receiving.receiver import Receiver
from webrtc_bridge.sending.viewers import Viewers
from webrtc_bridge.signaling.client import client as client_module
from webrtc_bridge.signaling.client.outbox import Outbox
from webrtc_bridge.signaling.protocol.messages import Offer, RequestOffer
from webrtc_bridge.signaling.server.peer_sockets import PeerSockets
from webrtc_bridge.signaling.server.server import SignalingServer


class BrokenOnce:
    """Stands for `work`: its first call raises, and the others do what it does."""

    def __init__(self, work: Callable[..., Any]) -> None:
        self.calls = 0
        self._work = work

    def __get__(self, instance: object, owner: type) -> Callable[..., Any]:
        return functools.partial(self.__call__, instance) if instance is not None else self

    def __call__(self, *arguments: Any, **options: Any) -> Any:
        self.calls += 1
        if self.calls == 1:
            raise KeyError('broken once')
        return self._work(*arguments, **options)


class Breaker:
    """Breaks attributes; each is in the log when it has been broken."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> None:
        self._monkeypatch = monkeypatch
        self._caplog = caplog

    def once(self, thing: Any, name: str) -> BrokenOnce:
        broken = BrokenOnce(getattr(thing, name))
        self._monkeypatch.setattr(thing, name, broken)
        return broken

    async def logged(self, text: str) -> None:
        await until(lambda: 'broken once' in self._caplog.text)
        assert text in self._caplog.text


@pytest.fixture
def breaker(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> Breaker:
    monkeypatch.setattr(long_tasks, 'RESTART_DELAY', 0.05)
    return Breaker(monkeypatch, caplog)


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with SignalingServer(SignalingOptions(port=0)) as server:
        yield server.url


def receiver_of(url: str) -> Receiver:
    return Receiver(ReceiverOptions(url), PictureSink(print))


async def test_the_server_s_clock(breaker: Breaker) -> None:
    broken = breaker.once(PeerSockets, 'run_clock')
    async with SignalingServer(SignalingOptions(port=0)):
        await breaker.logged("the server's clock failed, and is started again")
        await until(lambda: broken.calls == 2)


@pytest.mark.parametrize(
    ('thing', 'name'), [(Outbox, 'write'), (client_module, 'wait_until_lost')]
)
async def test_the_parts_of_a_connection_to_the_server(
    breaker: Breaker, url: str, thing: Any, name: str
) -> None:
    broken = breaker.once(thing, name)
    receiver = receiver_of(url)
    running = asyncio.ensure_future(receiver.run())
    try:
        await breaker.logged('failed')
        await until(lambda: broken.calls == 2 and receiver._signaling.connected)
    finally:
        await end(running)


async def test_a_stream_that_is_received(breaker: Breaker, url: str) -> None:
    """Its sender is asked again."""
    breaker.once(InboundStream, 'run')
    receiver = receiver_of(url)
    receiver._signaling.send = lambda message: True  # type: ignore[method-assign]
    receiver._selection.sender_present('front', '', 0.0)
    for number in range(2):
        receiver._carry_out(receiver._selection.tick(float('inf')))
        receiver._on_message(Offer('front', f's{number}', 'v=0'))
        await until(lambda number=number: receiver._selection._serial == number + 1)  # type: ignore[misc]
        if number == 0:
            await breaker.logged('stream of front failed')
            await until(lambda: not receiver._streams)
    await until(lambda: receiver._streams)
    await end(*(task for _, task in receiver._streams.values()))


async def test_a_session_with_a_viewer(breaker: Breaker, monkeypatch: pytest.MonkeyPatch) -> None:
    """The other sessions go on."""
    viewers = Viewers(
        SenderOptions('ws://127.0.0.1:9', 'front'),
        lambda peer_id, servers, listener: FakePeer(listener, FULL),
        lambda: None,
        lambda: None,
    )
    viewers.on_message(RequestOffer('one', 's1'))
    (one,) = viewers
    breaker.once(one, 'run')
    viewers.on_message(RequestOffer('other', 's2'))
    await breaker.logged('session with one failed')
    await until(lambda: [session.peer_id for session in viewers] == ['other'])
    await end(*(task for _, task in viewers._sessions.values()))


async def test_the_sending_of_frames(breaker: Breaker, harness: CameraHarness) -> None:
    """The session ends; its viewer asks for another."""
    breaker.once(OutboundRtp, 'packets')
    pair = SessionPair(harness.broadcast).start()
    try:
        reason, _ = await pair.reasons()
    finally:
        await pair.close()
    assert reason == 'sending failed'
    await breaker.logged('sending failed')


async def test_the_comparison_of_clocks(breaker: Breaker, harness: CameraHarness) -> None:
    broken = breaker.once(clock_channel.ClockQuestions, '_ask')
    pair = SessionPair(harness.broadcast).start()
    try:
        await until(lambda: pair.inbound.clock_offset.best)
    finally:
        await pair.close()
    assert broken.calls == 2
    await breaker.logged('the comparison of clocks failed, and is started again')


async def test_the_return_of_memory(breaker: Breaker) -> None:
    broken = breaker.once(lifetime, 'trim_periodically')

    async def main() -> None:
        await until(lambda: broken.calls == 2)

    await lifetime.until_signal(main())
    await breaker.logged('the return of freed memory failed, and is started again')


async def test_the_supervision_of_a_source_of_gstreamer(breaker: Breaker) -> None:
    from webrtc_bridge.errors import RequirementError, SourceUnreadable
    from webrtc_bridge.gstreamer.library import require_gstreamer

    try:
        require_gstreamer()
    except RequirementError as missing:
        pytest.skip(str(missing))
    from webrtc_bridge.gstreamer.capture.encoders import KINDS
    from webrtc_bridge.gstreamer.capture.source import describe
    from webrtc_bridge.gstreamer.pipeline import GStreamerPipeline
    from webrtc_bridge.options import GStreamerOptions

    source = describe(GStreamerOptions(source='test', width=320, height=240))
    pipeline = GStreamerPipeline(source, 100_000, 500_000, lambda: None)
    await pipeline.start(KINDS['x264enc'])
    try:
        first = pipeline._supervisor.capture
        broken = breaker.once(pipeline, 'detach')
        pipeline._supervisor.fail(SourceUnreadable('test', 'unplugged'))
        await breaker.logged('the supervision of the source failed, and is started again')
        await until(lambda: pipeline._supervisor.capture not in (None, first))
        assert broken.calls >= 1
    finally:
        await pipeline.close()
