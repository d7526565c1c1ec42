"""A patch to aioice: consent as in RFC 7675, and a look for the peer where it is not heard."""

import asyncio
import functools
import random
from collections import deque
from collections.abc import Callable
from typing import Any
from weakref import WeakKeyDictionary

import aioice.ice
import aioice.stun
from aiortc import RTCRtpReceiver

from webrtc_bridge.peer.aiortc.patches.udp_guard import heard

INTERVAL = 5.0
'Seconds between two checks, more or less by a fifth at random (RFC 7675 section 5.1).'

EXPIRY = 30.0
'Seconds without an answer to any check after which consent has expired.'

LOOK = 1.0
"""
Seconds without a packet of the peer after which it is asked for an answer, again and again. A NAT
may have given this side another port: the peer learns it by that request (RFC 8445 section
7.3.1.3), and sends to it from then on.
"""

ROUND_TRIPS = 3
'Newest round trips of which the longest counts, since it varies.'

_round_trips: WeakKeyDictionary[Any, deque[float]] = WeakKeyDictionary()
'The newest round trips of each ICE connection, in seconds.'


def round_trip(receiver: RTCRtpReceiver) -> float | None:
    """Return the seconds that the peer of `receiver` takes to answer; None before it has."""
    connection: Any = receiver.transport.transport
    return max(_round_trips.get(connection._connection, ()), default=None)


@functools.cache
def use_lasting_consent() -> None:
    """
    Let a connection end after `EXPIRY` without any answer, and not while one is still on its way.

    aioice 0.13 waits half a second for each answer, so a connection with a longer round trip ends
    after six checks, in 33 s. One that is closed while it is being established gets no checks:
    aioice starts them some time later, and they would run forever.
    """
    connection_class: Any = aioice.ice.Connection
    connection_class.query_consent = query_consent


async def query_consent(connection: Any) -> None:
    """Check consent as long as `connection` lives: `Connection.query_consent`."""
    checks = ConsentChecks(connection)
    try:
        while not connection._closing and checks.unanswered_for < EXPIRY:
            checks.send_if_due()
            await asyncio.sleep(LOOK)
    finally:
        checks.close()
    if not connection._closing:
        connection._query_consent_task = None  # else `close` would cancel this
        await connection.close()


class ConsentChecks:
    """The checks of an ICE connection, each a transaction of its own that is sent once."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._answered_at = self._due = self._loop.time()
        self._pending: deque[tuple[float, ConsentCheck]] = deque()

    @property
    def unanswered_for(self) -> float:
        """Seconds since an answer, or the start."""
        return self._loop.time() - self._answered_at

    def send_if_due(self) -> None:
        """Send one on each path in use, if it is time or nothing came since the last look."""
        now = self._loop.time()
        while self._pending and now - self._pending[0][0] >= EXPIRY:
            self._pending.popleft()[1].close()
        is_quiet = not heard(self._connection)
        if now >= self._due:
            self._due = now + INTERVAL * random.uniform(0.8, 1.2)
        elif not is_quiet:
            return
        for pair in self._connection._nominated.values():
            on_answer = functools.partial(self._on_answer, now)
            check = ConsentCheck(self._connection, pair, is_quiet, on_answer)
            self._pending.append((now, check))

    def close(self) -> None:
        """Wait for no answer."""
        while self._pending:
            self._pending.popleft()[1].close()

    def _on_answer(self, sent_at: float) -> None:
        self._answered_at = self._loop.time()
        newest = _round_trips.setdefault(self._connection, deque(maxlen=ROUND_TRIPS))
        newest.append(self._answered_at - sent_at)


class ConsentCheck:
    """
    A binding request on `pair`; stands for aioice's `Transaction`, which gives up too early.

    If it is to `nominate` and this side may, the peer uses the path that it comes by.
    """

    def __init__(
        self, connection: Any, pair: Any, nominate: bool, on_answer: Callable[[], None]
    ) -> None:
        self._key = connection.remote_password.encode()
        self._protocol = pair.protocol
        self._on_answer = on_answer
        request = connection.build_request(pair, nominate=nominate)
        request.add_message_integrity(self._key)
        self._id = request.transaction_id
        self._protocol.transactions[self._id] = self
        self._protocol.send_stun(request, pair.remote_addr)

    def response_received(self, message: aioice.stun.Message, _: tuple[str, int]) -> None:
        """Take the answer: `Transaction.response_received`."""
        answer = aioice.stun.Class.RESPONSE
        if message.message_class is answer and message.check_message_integrity(self._key):
            self._on_answer()

    def close(self) -> None:
        """Wait for the answer no longer; idempotent."""
        self._protocol.transactions.pop(self._id, None)
