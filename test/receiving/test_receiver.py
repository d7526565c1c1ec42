"""A receiver and a sender that has no video for it."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from support.peers.abandoning import next_message, registered, say
from support.peers.session_pair import until

from webrtc_bridge.errors import OptionError
from webrtc_bridge.options import ReceiverOptions, SignalingOptions
from webrtc_bridge.program.cancellation import end
from webrtc_bridge.receiving import selection
from webrtc_bridge.receiving.actions import Trouble, TroubleKind
from webrtc_bridge.receiving.frame_sink import PictureSink
from webrtc_bridge.receiving.inbound_stream import InboundStream
from webrtc_bridge.receiving.receiver import Receiver
from webrtc_bridge.receiving.selection import StreamState
from webrtc_bridge.receiving.stream_meter import StreamReport
from webrtc_bridge.signaling.protocol.messages import ErrorReply, Offer, RequestOffer
from webrtc_bridge.signaling.server.server import SignalingServer


@pytest.fixture
async def url() -> AsyncIterator[str]:
    async with SignalingServer(SignalingOptions(port=0)) as server:
        yield server.url


async def test_the_reason_of_a_sender_that_refuses_is_reported(url: str) -> None:
    troubles: list[Trouble] = []
    receiver = Receiver(
        ReceiverOptions(url, sender_id='front'), PictureSink(print), on_trouble=troubles.append
    )
    running = asyncio.ensure_future(receiver.run())
    try:
        async with registered(url, 'front') as socket:
            for _ in range(2):  # it asks again
                asked = await next_message(socket, 'request_offer')
                who = {key: asked[key] for key in ('receiver_id', 'session_id')}
                await say(socket, type='bye', reason='all 64 sessions are in use', **who)
            await until(lambda: len(troubles) == 2)
    finally:
        await end(running)
    assert set(troubles) == {Trouble(TroubleKind.REFUSED, 'front', 'all 64 sessions are in use')}


async def test_a_sender_that_was_asked_too_often_is_asked_again(
    url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(selection, 'OFFER_TIMEOUT', 3600.0)
    receiver = Receiver(ReceiverOptions(url, sender_id='front'), PictureSink(print))
    running = asyncio.ensure_future(receiver.run())
    try:
        async with registered(url, 'front') as socket:
            await next_message(socket, 'request_offer')
            for sender_id in ('rear', 'front'):
                receiver._on_message(ErrorReply('too_many', '', RequestOffer.TYPE, sender_id))
            await asyncio.wait_for(next_message(socket, 'request_offer'), 20)
    finally:
        await end(running)


def receiving_front() -> tuple[Receiver, InboundStream, asyncio.Task[None]]:
    """Return a receiver without a server, and its stream of `front` that has a picture."""
    receiver = Receiver(ReceiverOptions('ws://127.0.0.1:9'), PictureSink(print))
    receiver._carry_out(receiver._selection.sender_present('front', '', 0.0))
    receiver._selection.tick(float('inf'))
    receiver._on_message(Offer('front', 's1', 'v=0'))
    ((stream, running),) = receiver._streams.values()
    receiver._selection.first_picture(stream.serial, 0.0)
    return receiver, stream, running


async def test_a_report_is_made_although_its_stream_ends_meanwhile() -> None:
    receiver, stream, running = receiving_front()
    report = stream.report

    async def report_late() -> StreamReport:
        stream.end('over')
        await asyncio.wait({running})
        return await report()

    stream.report = report_late  # type: ignore[method-assign]
    during = await receiver.report()
    assert (during.sender_id, during.state) == ('front', StreamState.RECEIVING)
    assert not receiver._streams
    after = await receiver.report()
    assert after.state is not StreamState.RECEIVING
    receiver._cancel_timer()


async def test_the_sender_that_is_received_can_be_returned_to_without_its_signaling(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A switch to another has failed, and the node sets its parameter back."""
    receiver, stream, running = receiving_front()
    receiver._selection.sender_exit('front', 0.0)
    monkeypatch.setattr(type(receiver._signaling), 'connected', property(lambda _: True))
    receiver.check_sender('front')
    with pytest.raises(OptionError):
        receiver.check_sender('rear')
    stream.end('over')
    await asyncio.wait({running})
    with pytest.raises(OptionError):
        receiver.check_sender('front')
    receiver._cancel_timer()
