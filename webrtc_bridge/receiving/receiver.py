"""Follow one sender and hand out its pictures, through losses, restarts and switches."""

import asyncio
import dataclasses
import logging
from collections import deque
from collections.abc import Callable

from webrtc_bridge.errors import OptionError
from webrtc_bridge.options import ReceiverOptions
from webrtc_bridge.peer.aiortc.patches.private_parts import require_private_parts
from webrtc_bridge.peer.aiortc.peer import IceOptions
from webrtc_bridge.program.cancellation import end
from webrtc_bridge.receiving.actions import (
    Action,
    Adopt,
    End,
    Open,
    Reject,
    Request,
    Resume,
    SwitchFailed,
    Trouble,
)
from webrtc_bridge.receiving.delivery import Delivery
from webrtc_bridge.receiving.frame_sink import FrameSink
from webrtc_bridge.receiving.idleness import Idleness
from webrtc_bridge.receiving.inbound_stream import LOOK_INTERVAL, InboundStream
from webrtc_bridge.receiving.selection import Liveness, Selection, StreamState
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

MOST_REMEMBERED = 64
'Sessions of which a late bye is known to be theirs, and not the refusal of a new one.'

logger = logging.getLogger(__name__)


class Receiver:
    """
    Follow one sender: find it, ask it for a session, ask again when the session is lost.

    Another sender is switched to without a gap: the old one's pictures go on until the new one's
    first. `Selection` decides all that; this class carries it out. `on_trouble` gets each reason
    why there is no video. Independent of ROS; belongs to the event loop.
    """

    def __init__(
        self,
        options: ReceiverOptions,
        sink: FrameSink,
        on_switch_failed: Callable[[str, str], None] = lambda wanted, kept: None,
        shared: SharedClient | None = None,
        on_trouble: Callable[[Trouble], None] = lambda trouble: None,
    ) -> None:
        self._options = options
        self._on_switch_failed = on_switch_failed
        self._on_trouble = on_trouble
        self._selection = Selection(options.sender_id)
        self._delivery = Delivery(
            sink,
            stamp=options.stamp,
            on_first_picture=self._on_first_picture,
        )
        client = shared or SharedClient(
            ServerAccess.of(options), peer_id=options.receiver_id, name=options.name
        )
        self._client = None if shared else client
        self._signaling = client.join(self._on_message, self._on_connected)
        self._streams: dict[int, tuple[InboundStream, asyncio.Task[None]]] = {}
        self._past_sessions: deque[str] = deque(maxlen=MOST_REMEMBERED)
        self._timer: asyncio.TimerHandle | None = None
        self._newest_frame: float | None = None
        self._sink = sink
        self._closing = False

    @property
    def senders(self) -> dict[str, str]:
        """The names of the senders that are registered, by their ids."""
        return self._selection.senders

    @property
    def state(self) -> StreamState:
        """The state of the stream that is received."""
        return self._selection.state

    async def run(self) -> None:
        """Follow until cancelled; then say bye."""
        require_private_parts()
        signaling = asyncio.ensure_future((self._client or self._signaling).run())
        watching = asyncio.create_task(self._watch_demand())
        try:
            await asyncio.shield(signaling)
        finally:
            self._closing = True
            self._cancel_timer()
            await end(watching, *(task for _, task in self._streams.values()))
            await end(signaling)

    def check_sender(self, sender_id: str) -> None:
        """
        Check that `sender_id` can be switched to; may be called from any thread.

        Raises: OptionError, with the senders that are registered.
        """
        current = self._current
        if current and current.sender_id == sender_id:
            return  # its video comes, whether it is registered or not
        if sender_id and self._signaling.connected and sender_id not in self.senders:
            registered = ', '.join(sorted(self.senders)) or 'none is registered'
            raise OptionError('sender_id', sender_id, f'a registered sender ({registered})')

    def follow(self, sender_id: str) -> None:
        """
        Switch to `sender_id`; empty: stay, or take the first that is registered.

        The sender that is received goes on until the first picture of the new one. If there is
        none in `selection.SWITCH_TIMEOUT`, it is followed again and `on_switch_failed(wanted,
        kept)` called.
        """
        self._carry_out(self._selection.follow(sender_id, now()))

    async def report(self) -> StreamReport:
        """Return how the stream that is received is doing, or what is waited for."""
        stream = self._current
        if stream:
            report = await stream.report()
            self._newest_frame = stream.meter.newest
            return dataclasses.replace(report, stamp_fallbacks=self._delivery.stamp_fallbacks)
        newest = self._newest_frame
        silence = None if newest is None else now() - newest
        return StreamReport(self._selection.state, self._selection.sender_id, silence)

    async def _watch_demand(self) -> None:
        """Ask for no video while nobody wants it. Another sender's first picture ends a switch."""
        idleness = Idleness()
        while True:
            idle = idleness.note(not self._sink.is_idle(), now())
            if stream := self._current:
                stream.set_idle(idle)
            await asyncio.sleep(LOOK_INTERVAL)

    @property
    def _current(self) -> InboundStream | None:
        stream, _ = self._streams.get(self._selection.current or 0, (None, None))
        return stream

    def _carry_out(self, actions: list[Action]) -> None:
        if self._closing:
            return
        for action in actions:
            self._do(action)
        self._cancel_timer()
        deadline = self._selection.deadline
        if deadline is not None:
            self._timer = asyncio.get_running_loop().call_at(deadline, self._on_timer)

    def _do(self, action: Action) -> None:
        match action:
            case Request(sender_id):
                self._request(sender_id)
            case Reject(offer):
                self._signaling.send(Bye(offer.peer_id, offer.session_id, 'not asked for'))
            case Open(serial, offer):
                self._open(serial, offer)
            case Adopt(serial):
                self._delivery.adopt(self._streams[serial][0])
            case Resume(serial):
                self._delivery.resume(self._streams[serial][0])
            case End(serial, reason):
                self._streams[serial][0].end(reason)
            case SwitchFailed(wanted, kept):
                self._on_switch_failed(wanted, kept)
            case Trouble():
                self._on_trouble(action)

    def _on_timer(self) -> None:
        self._timer = None
        self._carry_out(self._selection.tick(now()))

    def _cancel_timer(self) -> None:
        if self._timer:
            self._timer.cancel()
            self._timer = None

    def _request(self, sender_id: str) -> None:
        sent = self._signaling.send(RequestOffer(peer_id=sender_id))
        outcome = 'requested' if sent else 'not requested: no server'
        logger.debug('offer of %s %s', sender_id, outcome)

    def _open(self, serial: int, offer: Offer) -> None:
        servers = tuple(IceServer((url,)) for url in self._options.ice_servers)
        ice = IceOptions(
            servers or self._signaling.ice_servers, self._options.ice_transport_policy
        )
        stream = InboundStream(
            serial, offer, ice, self._signaling.send, self._delivery, self._on_liveness
        )
        stream.repair_within(self._options.max_repair_delay)
        self._streams[serial] = stream, asyncio.create_task(self._run_stream(stream))

    async def _run_stream(self, stream: InboundStream) -> None:
        reason = 'internal error'
        try:
            reason = await stream.run()
        except Exception:
            logger.exception('stream of %s failed', stream.sender_id)
        finally:
            del self._streams[stream.serial]
        self._carry_out(self._selection.stream_ended(stream.serial, reason, now()))

    def _on_first_picture(self, stream: InboundStream) -> None:
        self._carry_out(self._selection.first_picture(stream.serial, now()))

    def _on_liveness(self, stream: InboundStream, liveness: Liveness) -> None:
        self._carry_out(self._selection.liveness(stream.serial, liveness, now()))

    def _on_connected(self, connected: bool) -> None:
        if connected:
            self._carry_out(self._selection.connected())

    def _on_message(self, message: Message) -> None:
        match message:
            case SenderPresent(sender_id, name):
                self._carry_out(self._selection.sender_present(sender_id, name, now()))
            case SenderExit(sender_id):
                self._carry_out(self._selection.sender_exit(sender_id, now()))
            case Offer():
                self._past_sessions.append(message.session_id)
                self._carry_out(self._selection.offer(message))
            case Candidate() | Bye():
                self._pass_on(message)
            case ErrorReply(_, text, RequestOffer.TYPE, sender_id) if sender_id:
                self._carry_out(self._selection.refused(sender_id, text, now()))
            case ErrorReply():
                log_refusal(message)

    def _pass_on(self, message: Candidate | Bye) -> None:
        for stream, _ in self._streams.values():
            if stream.session_id == message.session_id:
                stream.receive(message)
        if isinstance(message, Bye) and message.session_id not in self._past_sessions:
            refused = self._selection.refused(message.peer_id, message.reason, now())
            self._carry_out(refused)


def now() -> float:
    """Return the event loop's time, in seconds."""
    return asyncio.get_running_loop().time()
