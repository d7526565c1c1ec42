"""Follows one sender and hands out its pictures, whatever comes and goes."""

import asyncio
import dataclasses
import logging
import random
from collections.abc import Callable

from webrtc_bridge.errors import OptionError
from webrtc_bridge.options import ReceiverOptions
from webrtc_bridge.peer.aiortc.peer import IceOptions
from webrtc_bridge.receiving.delivery import Delivery, FrameSink
from webrtc_bridge.receiving.inbound_stream import InboundStream
from webrtc_bridge.receiving.stream_meter import StreamReport
from webrtc_bridge.signaling.client.client import log_refusal
from webrtc_bridge.signaling.client.server_access import ServerAccess
from webrtc_bridge.signaling.client.shared_client import SharedClient
from webrtc_bridge.signaling.protocol.messages import (
    Bye,
    Candidate,
    ErrorReply,
    IceServer,
    Message,
    Offer,
    RequestOffer,
    SenderExit,
    SenderPresent,
)

OFFER_TIMEOUT = 5.0
'Seconds that a sender has for its offer.'

SWITCH_TIMEOUT = 10.0
'Seconds that another sender has for its first picture before the old one is kept.'

RETRY_DELAYS = (0.0, 0.3, 1.0, 2.0, 3.0)
"""
Seconds before the first, second, … attempt at a session; the last one goes for all further. Each
is cut by up to half at random, so that a sender that is full is not asked by all at once.
"""

logger = logging.getLogger(__name__)


class Receiver:
    """
    Follow one sender: find it, ask it for a session, ask again when the session is lost.

    Another sender is switched to without a gap: the old one's pictures go on until the new one's
    first. Knows no ROS; belongs to the event loop.
    """

    def __init__(
        self,
        options: ReceiverOptions,
        output: FrameSink,
        on_switch_failed: Callable[[str, str], None] = lambda wanted, kept: None,
        shared: SharedClient | None = None,
    ) -> None:
        self.senders: dict[str, str] = {}
        self._options = options
        self._output = output
        self._delivery = Delivery(
            output, use_capture=options.stamp == 'capture', on_begin=self._on_begin
        )
        self._on_switch_failed = on_switch_failed
        self._wanted = options.sender_id
        client = shared or SharedClient(
            ServerAccess.of(options), peer_id=options.receiver_id, name=options.name
        )
        self._client = None if shared else client
        self._signaling = client.join(self._on_message, self._on_connected)
        self._streams: dict[str, tuple[InboundStream, asyncio.Task[None]]] = {}
        self._current: InboundStream | None = None
        self._next: InboundStream | None = None
        self._requested: str | None = None
        self._attempt = 0
        self._timer: asyncio.TimerHandle | None = None
        self._switch_timer: asyncio.TimerHandle | None = None
        self._serial = 0
        self._newest_frame: float | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def run(self) -> None:
        """Follow until cancelled; then say bye."""
        self._loop = asyncio.get_running_loop()
        signaling = asyncio.ensure_future((self._client or self._signaling).run())
        try:
            await asyncio.shield(signaling)
        finally:
            self._cancel_timer()
            self._end_switch()
            tasks = [task for _, task in self._streams.values()]
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            signaling.cancel()
            await asyncio.gather(signaling, return_exceptions=True)

    def check_sender(self, sender_id: str) -> None:
        """
        Check that `sender_id` can be switched to; may be called from any thread.

        Raises: OptionError, with the senders that are there.
        """
        if sender_id and self._signaling.connected and sender_id not in self.senders:
            there = ', '.join(sorted(self.senders)) or 'none is'
            raise OptionError('sender_id', sender_id, f'one that is there: {there}')

    def follow(self, sender_id: str) -> None:
        """
        Switch to `sender_id`; empty: stay, or take the first there is.

        The sender that is received goes on until the first picture of the new one. If there is
        none in `SWITCH_TIMEOUT`, it is followed again and `on_switch_failed(wanted, kept)` called.
        """
        if sender_id == self._wanted:
            return
        logger.info('following %s', sender_id or 'the first sender')
        self._wanted = sender_id
        self._requested = None
        self._attempt = 0
        self._end_switch()
        if self._next:
            self._next.end('another sender is wanted')
            self._next = None
        if self._current and sender_id not in ('', self._current.sender_id):
            give_up = self._event_loop.call_later(SWITCH_TIMEOUT, self._give_up_switch)
            self._switch_timer = give_up
        self._pursue()

    def _give_up_switch(self) -> None:
        self._switch_timer = None
        if self._current is None:
            return  # nothing is left to go back to: the new one is waited for
        wanted, kept = self._wanted, self._current.sender_id
        logger.warning('%s shows nothing in %.0f s, keeping %s', wanted, SWITCH_TIMEOUT, kept)
        self.follow(kept)
        self._on_switch_failed(wanted, kept)

    def _end_switch(self) -> None:
        if self._switch_timer:
            self._switch_timer.cancel()
            self._switch_timer = None

    async def report(self) -> StreamReport:
        """Return how the stream that is received is doing, or what is waited for."""
        if self._current:
            report = await self._current.report()
            self._newest_frame = self._current.meter.newest
            return dataclasses.replace(report, stamp_fallbacks=self._delivery.stamp_fallbacks)
        wanted = self._target() or self._wanted
        connecting = self._next is not None or self._requested is not None
        newest = self._newest_frame
        silence = None if newest is None else self._event_loop.time() - newest
        return StreamReport('connecting' if connecting else 'waiting', wanted, silence)

    def _target(self) -> str | None:
        """Return the id of the sender to be received now, if there is one."""
        if self._wanted:
            return self._wanted if self._wanted in self.senders else None
        if self._current and self._current.sender_id in self.senders:
            return self._current.sender_id
        return next(iter(self.senders), None)

    def _pursue(self) -> None:
        """Ask the target for a session, unless it delivers or one is under way."""
        target = self._target()
        current = self._current
        if target is None or (current and current.sender_id == target and not current.stale):
            return
        if self._requested == target or (self._next and self._next.sender_id == target):
            return
        self._cancel_timer()
        delay = RETRY_DELAYS[min(self._attempt, len(RETRY_DELAYS) - 1)]
        delay *= 1 - 0.5 * random.random()
        self._attempt += 1
        self._requested = target
        self._timer = self._event_loop.call_later(delay, self._request, target)

    def _request(self, target: str) -> None:
        sent = self._signaling.send(RequestOffer(peer_id=target))
        logger.debug('offer of %s %s', target, 'requested' if sent else 'not requested: no server')
        self._timer = self._event_loop.call_later(OFFER_TIMEOUT, self._on_no_offer, target)

    def _on_no_offer(self, target: str) -> None:
        logger.warning('%s made no offer in %.0f s', target, OFFER_TIMEOUT)
        self._requested = None
        self._pursue()

    def _cancel_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _on_connected(self, connected: bool) -> None:
        if connected:
            # The server tells anew who is there, and knows nothing of what was asked before.
            self.senders.clear()
            self._requested = None
            self._cancel_timer()

    def _on_message(self, message: Message) -> None:
        if isinstance(message, SenderPresent):
            self._on_sender(message)
        elif isinstance(message, SenderExit):
            self._on_sender_exit(message)
        elif isinstance(message, Offer):
            self._on_offer(message)
        elif isinstance(message, (Candidate, Bye)):
            stream, _ = self._streams.get(message.session_id, (None, None))
            if stream:
                stream.receive(message)
        elif isinstance(message, ErrorReply):
            log_refusal(message)

    def _on_sender(self, message: SenderPresent) -> None:
        self.senders[message.sender_id] = message.name
        if self._requested == message.sender_id:
            # Of a sender that registers anew, what it was asked on its lost socket is lost, too.
            self._requested = None
            self._cancel_timer()
        logger.info(
            'sender %s is there%s', message.sender_id, f' ({message.name})' * bool(message.name)
        )
        if message.sender_id == self._wanted or not self._wanted:
            self._attempt = 0
            self._pursue()

    def _on_sender_exit(self, message: SenderExit) -> None:
        self.senders.pop(message.sender_id, None)
        logger.info('sender %s left', message.sender_id)
        if self._requested == message.sender_id:
            self._requested = None
            self._cancel_timer()

    def _on_offer(self, offer: Offer) -> None:
        if offer.peer_id != self._requested:
            self._signaling.send(Bye(offer.peer_id, offer.session_id, 'not asked for'))
            return
        self._requested = None
        self._cancel_timer()
        self._serial += 1
        servers = tuple(IceServer((url,)) for url in self._options.ice_servers)
        stream = InboundStream(
            self._serial,
            offer.peer_id,
            offer.session_id,
            IceOptions(
                servers or tuple(self._signaling.ice_servers), self._options.ice_transport_policy
            ),
            self._signaling.send,
            self._delivery.encoded,
            self._delivery.picture,
            self._output.wants_pictures,
            self._delivery.metadata,
            self._pursue,
        )
        task = asyncio.create_task(self._live(stream))
        self._streams[offer.session_id] = (stream, task)
        self._next = stream
        stream.receive(offer)

    async def _live(self, stream: InboundStream) -> None:
        try:
            await stream.run()
        except Exception:
            logger.exception('stream of %s failed', stream.sender_id)
        finally:
            del self._streams[stream.session_id]
            if stream is self._next:
                self._next = None
            if stream is self._current:
                self._current = None
        self._pursue()

    def _on_begin(self, stream: InboundStream) -> None:
        if stream.ended:
            return
        old, self._current = self._current, stream
        if stream is self._next:
            self._next = None
        self._attempt = 0
        if stream.sender_id == self._wanted:
            self._end_switch()
        logger.info('receiving %s', stream.sender_id)
        self._delivery.metadata(stream)
        if old:
            old.end(f'switched to {stream.sender_id}')
        self._pursue()

    @property
    def _event_loop(self) -> asyncio.AbstractEventLoop:
        assert self._loop is not None, 'run() has not begun'
        return self._loop
