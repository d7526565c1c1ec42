"""Clients that do anything, in any order, and what must hold for the broker all the while."""

import json
from typing import Any

from hypothesis import strategies as st
from hypothesis.stateful import (
    Bundle,
    MultipleResults,
    RuleBasedStateMachine,
    consumes,
    invariant,
    multiple,
    precondition,
    rule,
)
from support.signaling.broker_harness import BrokerHarness
from support.signaling.signaling_samples import CANDIDATE, description

from webrtc_bridge.signaling.broker.actions import Action, Send
from webrtc_bridge.signaling.broker.limits import Limits
from webrtc_bridge.signaling.protocol.messages import Role

LIMITS = Limits(message_rate=50.0, message_burst=40.0, max_dropped=5, max_pending=2, max_absent=4)
SENDERS = ('front', 'rear')
IDS = ('', *SENDERS, 'ros', 'rviz', 'no id')
KINDS = (
    *('register', 'registered', 'sender', 'sender_exit', 'receiver_exit', 'request_offer'),
    *('offer', 'answer', 'candidate', 'bye', 'error', 'ice_servers', 'nonsense'),
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)

Identity = tuple[str, str]
"""The field that names a peer, `sender_id` or `receiver_id`, and its id."""


class WatchedBench(BrokerHarness):
    """Note the sessions; check that the messages of each go to its two peers alone."""

    def __init__(self) -> None:
        super().__init__(LIMITS)
        self.sockets: set[str] = set()
        self.names: dict[str, Identity] = {}
        self.sessions: dict[str, set[Identity]] = {}

    def _note(self, actions: list[Action]) -> None:
        super()._note(actions)
        ends = 2 * LIMITS.max_pending * len(IDS)
        assert len(actions) <= ends + 2 * len(self.sockets) + 8, 'one event, no end of answers'
        for action in actions:
            if isinstance(action, Send):
                self._check(str(action.connection), json.loads(action.text))
        for socket in self.closed:
            self.sockets.discard(socket)

    def _check(self, socket: str, message: dict[str, Any]) -> None:
        kind = message['type']
        if kind == 'registered':
            field = 'sender_id' if 'sender_id' in message else 'receiver_id'
            self.names[socket] = (field, message[field])
        if kind not in ('request_offer', 'offer', 'answer', 'candidate', 'bye'):
            return
        (other,) = ((k, v) for k, v in message.items() if k in ('sender_id', 'receiver_id'))
        ends = {self.names[socket], other}
        assert len({field for field, _ in ends}) == 2, 'a session of two of one kind'
        assert self.sessions.setdefault(message['session_id'], ends) == ends, 'a third party'


class BrokerMachine(RuleBasedStateMachine):
    """Sockets come, say what they should and should not, and go, while time passes."""

    connected = Bundle('connected')

    def __init__(self) -> None:
        super().__init__()
        self.harness = WatchedBench()
        self._count = 0

    def _socket(self) -> str:
        self._count += 1
        self.harness.sockets.add(f'socket{self._count}')
        return f'socket{self._count}'

    @rule(target=connected)
    def connect(self) -> str:
        socket = self._socket()
        self.harness.connect(socket)
        return socket

    @rule(target=connected, role=st.sampled_from(Role), peer_id=st.sampled_from(IDS[:-1]))
    def join(self, role: Role, peer_id: str) -> str:
        socket = self._socket()
        self.harness.join(socket, role, peer_id)
        return socket

    @rule(socket=connected, role=st.sampled_from(['sender', 'receiver', '']), data=st.data())
    def register(self, socket: str, role: str, data: st.DataObject) -> None:
        peer_id = data.draw(st.sampled_from(IDS))
        self.harness.say(socket, 'register', role=role, id=peer_id)

    @rule(socket=connected, sender=st.sampled_from(IDS))
    def request(self, socket: str, sender: str) -> None:
        self.harness.say(socket, 'request_offer', sender_id=sender)

    @rule(target=connected, sender=st.sampled_from(SENDERS), steps=st.integers(2, 4))
    def meet(self, sender: str, steps: int) -> MultipleResults[str]:
        """Go some of the steps that lead two new sockets to a session; the id may be taken."""
        front, viewer = self._socket(), self._socket()
        self.harness.join(front, Role.SENDER, sender)
        self.harness.join(viewer, Role.RECEIVER)
        viewer_id = self.harness.names[viewer][1]
        self.harness.say(viewer, 'request_offer', sender_id=sender)
        if steps > 2:
            self.harness.say(front, 'offer', receiver_id=viewer_id, offer=description('offer'))
        if steps > 3:
            self.harness.say(viewer, 'answer', sender_id=sender, answer=description('answer'))
        return multiple(front, viewer)

    @precondition(lambda self: self.harness.sessions)
    @rule(
        sockets=st.lists(connected, min_size=1, max_size=3),
        kinds=st.lists(st.sampled_from(['offer', 'answer', 'candidate', 'bye']), min_size=1),
        data=st.data(),
    )
    def meddle(self, sockets: list[str], kinds: list[str], data: st.DataObject) -> None:
        """Let some speak in a session that there is or was, whoever's it is."""
        session = data.draw(st.sampled_from(sorted(self.harness.sessions)))
        named = {'session_id': session, **dict(self.harness.sessions[session])}
        for kind in kinds:
            fields: dict[str, Any] = {'candidate': CANDIDATE} if kind == 'candidate' else {}
            fields |= {kind: description(kind)} if kind in ('offer', 'answer') else {}
            for socket in sockets:
                self.harness.say(socket, kind, **named, **fields)

    @rule(
        socket=connected,
        kind=st.sampled_from(KINDS),
        fields=st.dictionaries(
            st.sampled_from(['sender_id', 'receiver_id', 'session_id', 'role', 'offer', 'reason']),
            JSON | st.sampled_from(IDS),
        ),
    )
    def babble(self, socket: str, kind: str, fields: dict[str, Any]) -> None:
        self.harness.say_text(socket, json.dumps({'type': kind, **fields}))

    @rule(socket=connected, text=st.text(max_size=40) | JSON.map(json.dumps))
    def shout(self, socket: str, text: str) -> None:
        self.harness.say_text(socket, text)

    @rule(socket=connected, number=st.integers(1, 60))
    def ping(self, socket: str, number: int) -> None:
        for _ in range(number):
            self.harness.ping(socket)

    @rule(socket=consumes(connected))
    def leave(self, socket: str) -> None:
        self.harness.leave(socket)
        self.harness.sockets.discard(socket)

    @rule(seconds=st.sampled_from([0.01, 1.0, 11.0, 16.0, 61.0]))
    def wait(self, seconds: float) -> None:
        self.harness.wait(seconds)

    @invariant()
    def what_is_counted_is_bounded_by_who_is_here(self) -> None:
        broker, here = self.harness.broker, len(self.harness.sockets)
        assert broker.count(Role.SENDER) + broker.count(Role.RECEIVER) <= here
        assert broker.sessions <= (here + LIMITS.max_absent) ** 2

    def teardown(self) -> None:
        for number in range(1, self._count + 1):
            self.harness.leave(f'socket{number}')
        self.harness.wait(LIMITS.absence + 1)
        broker = self.harness.broker
        table = broker._table
        assert broker.sessions == 0
        clients = broker._clients
        left = [*clients, *clients._unregistered, *clients._expiring]
        assert not any([left, table._absent, table._pending, *table.peers.values()])
