"""A broker with named sockets and a clock that is set by hand."""

import json
import math
from itertools import count
from typing import Any

from webrtc_bridge.signaling.broker.actions import Action, Close, Probe, Send
from webrtc_bridge.signaling.broker.broker import Broker
from webrtc_bridge.signaling.broker.limits import Limits
from webrtc_bridge.signaling.broker.rights import Rights
from webrtc_bridge.signaling.protocol.messages import Register, Role


class BrokerHarness:
    """Drive a `Broker`, and collect what it wants done."""

    def __init__(self, limits: Limits | None = None, **arguments: Any) -> None:
        ids, sessions = count(1), count(1)
        self.broker = Broker(
            limits,
            make_peer_id=lambda: f'made{next(ids)}',
            make_session_id=lambda: f'session{next(sessions)}',
            **arguments,
        )
        self.now = 100.0
        self.inbox: dict[str, list[dict[str, Any]]] = {}
        self.closed: dict[str, int] = {}
        self.probed: list[str] = []

    def connect(
        self, socket: str, rights: Rights | None = None, expires: float = math.inf
    ) -> None:
        self.broker.connect(socket, self.now, rights or Rights(), expires)

    def join(
        self,
        socket: str,
        role: Role,
        peer_id: str = '',
        name: str = '',
        rights: Rights | None = None,
        takeover: bool = True,
    ) -> None:
        self.connect(socket, rights)
        register = Register(role, peer_id, name, takeover)
        self._note(self.broker.register(socket, register, self.now))

    def say(self, socket: str, kind: str, **fields: Any) -> None:
        self.say_text(socket, json.dumps({'type': kind, **fields}))

    def say_text(self, socket: str, text: str) -> None:
        self._note(self.broker.receive(socket, text, self.now))

    def ping(self, socket: str) -> None:
        self._note(self.broker.control_frame(socket, self.now))

    def leave(self, socket: str) -> None:
        self._note(self.broker.disconnect(socket, self.now))

    def wait(self, seconds: float) -> None:
        self.now += seconds
        self._note(self.broker.tick(self.now))

    def read(self, socket: str) -> list[dict[str, Any]]:
        """Return what the socket was sent since the last call."""
        return self.inbox.pop(socket, [])

    def kinds(self, socket: str) -> list[str]:
        return [message['type'] for message in self.read(socket)]

    def error(self, socket: str) -> str:
        """Return the code of the one error that the socket was sent since the last call."""
        (message,) = self.read(socket)
        assert message['type'] == 'error', message
        assert message['message'].isprintable()
        return str(message['code'])

    def _note(self, actions: list[Action]) -> None:
        for action in actions:
            socket = str(action.connection)
            if isinstance(action, Send):
                self.inbox.setdefault(socket, []).append(json.loads(action.text))
            elif isinstance(action, Close):
                self.closed[socket] = action.code
            elif isinstance(action, Probe):
                self.probed.append(socket)
