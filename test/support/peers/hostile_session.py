"""
A peer that connects as it should, and sends garbage within its session: URL ROLE SENDER SEED.

ROLE is `viewer`, of that sender, or `publisher`, as that sender to whoever asks. It says when it
starts, and goes on, with new sessions where its own is ended, until it is killed.
"""

import asyncio
import contextlib
import json
import os
import random
import ssl
import struct
import sys
from collections.abc import Callable, Iterator
from typing import Any

from aiortc import RTCConfiguration, RTCPeerConnection, RTCSessionDescription, VideoStreamTrack
from aiortc.mediastreams import MediaStreamError
from google_crc32c import value as crc32c
from pylibsrtp import Error as SrtpError
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

BURST = 20
PAUSE = 0.02
'Seconds between bursts: as much as one peer may send, not more than the machine can bear.'

CONTROL = [
    '{"asked": 1, "idle": true}',
    '{"asked": 1}',
    '{"asked": 1e400}',
    '{"answered": NaN, "received": -1, "asked": "x"}',
    '[' * 3000,
    '{"camera_info": {"width": -1, "k": [1e308]}}',
    '\u202e\x1b[31m',
    '',
]


class Hostile:
    """One session, and the garbage that it sends."""

    def __init__(self, dice: random.Random) -> None:
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        self.connected = asyncio.Event()
        self._dice = dice
        self._number = 0
        self._channels: list[Any] = []
        self.connection.on('datachannel', self._channels.append)
        self.connection.on('connectionstatechange', self._on_state)

    def add_video(self) -> None:
        """Offer video, and the channels that our senders have."""
        self.connection.addTrack(VideoStreamTrack())
        for label in ('clock', 'metadata'):
            self._channels.append(self.connection.createDataChannel(label))

    async def attack(self) -> None:
        """Send garbage of all kinds, until the connection is gone."""
        (transceiver,) = self.connection.getTransceivers()
        transport: Any = transceiver.receiver.transport
        kinds: list[Callable[[Any], Any]] = [self._rtcp, self._rtp, self._sctp]
        while self.connection.connectionState == 'connected':
            with contextlib.suppress(ConnectionError, SrtpError):
                for _ in range(BURST):
                    await self._dice.choice(kinds)(transport)
            for channel in self._channels:
                if channel.readyState == 'open':
                    channel.send(self._dice.choice(CONTROL))
            await asyncio.sleep(PAUSE)

    def _on_state(self) -> None:
        if self.connection.connectionState == 'connected':
            self.connected.set()

    async def _rtcp(self, transport: Any) -> None:
        kind, words = self._dice.randrange(200, 208), self._dice.randrange(1, 100)
        head = struct.pack('!BBH', 0x80 | self._dice.randrange(32), kind, words)
        await transport._send_rtp(head + self._dice.randbytes(4 * self._dice.choice([words, 1])))

    async def _rtp(self, transport: Any) -> None:
        sender: Any = self.connection.getSenders()[0]
        # Libsrtp refuses to send what is out of order; the receiver sees gaps.
        self._number = (self._number + self._dice.choice([1, 1, 2, 50])) & 0xFFFF
        ticks = self._dice.randrange(1 << 32)
        kind = self._dice.choice([96, 97, 98, 99, 100, 101, 102, 103])
        head = struct.pack('!BBHLL', 0x80, kind | 128, self._number, ticks, sender._ssrc)
        await transport._send_rtp(head + self._dice.randbytes(self._dice.randrange(0, 1000)))

    async def _sctp(self, transport: Any) -> None:
        sctp: Any = self.connection.sctp
        kind = self._dice.choice([0, 1, 3, 4, 5, 9, 10, 130, 192])
        body = self._dice.randbytes(self._dice.randrange(0, 200))
        head = struct.pack('!HHL', 5000, 5000, sctp._remote_verification_tag)
        chunk = struct.pack('!BBH', kind, self._dice.randrange(8), 4 + len(body)) + body
        sum_ = struct.pack('<L', crc32c(head + bytes(4) + chunk))
        await transport._send_data(head + sum_ + chunk)


async def view(socket: ClientConnection, sender_id: str, dice: random.Random) -> None:
    """Ask for a session again and again, and attack within it."""
    while True:
        hostile = Hostile(dice)
        try:
            await say(socket, type='request_offer', sender_id=sender_id)
            offer = await next_message(socket, 'offer')
            await hostile.connection.setRemoteDescription(RTCSessionDescription(**offer['offer']))
            await hostile.connection.setLocalDescription(await hostile.connection.createAnswer())
            await say(socket, sender_id=sender_id, **described(hostile.connection))
            await asyncio.wait_for(hostile.connected.wait(), 15.0)
            print('attacking', flush=True)
            for text in garbled(hostile.connection, dice):
                await say(socket, sender_id=sender_id, type='answer', answer=text)
            await hostile.attack()
        except (TimeoutError, MediaStreamError, ValueError):
            await say(socket, type='bye', sender_id=sender_id)
        finally:
            await hostile.connection.close()


async def publish(socket: ClientConnection, dice: random.Random) -> None:
    """Offer video to whoever asks, and attack them."""
    sessions: dict[str, Hostile] = {}
    attacks: set[asyncio.Task[None]] = set()

    async def attack(hostile: Hostile) -> None:
        await hostile.connected.wait()
        print('attacking', flush=True)
        await hostile.attack()
        await hostile.connection.close()

    while True:
        message = json.loads(await socket.recv())
        session_id = message.get('session_id', '')
        if message['type'] == 'request_offer':
            hostile = sessions[session_id] = Hostile(dice)
            hostile.add_video()
            await hostile.connection.setLocalDescription(await hostile.connection.createOffer())
            whose = {'receiver_id': message['receiver_id'], 'session_id': session_id}
            await say(socket, **described(hostile.connection), **whose)
            attacks.add(asyncio.ensure_future(attack(hostile)))
        elif message['type'] == 'answer' and session_id in sessions:
            answer = RTCSessionDescription(**message['answer'])
            with contextlib.suppress(ValueError):
                await sessions[session_id].connection.setRemoteDescription(answer)


def described(connection: RTCPeerConnection) -> dict[str, Any]:
    local = connection.localDescription
    return {'type': local.type, local.type: {'type': local.type, 'sdp': local.sdp}}


def garbled(connection: RTCPeerConnection, dice: random.Random) -> Iterator[dict[str, str]]:
    """Yield answers that are not, of which the server passes on what it can."""
    for _ in range(3):
        lines = connection.localDescription.sdp.splitlines()
        for _ in range(5):
            lines[dice.randrange(len(lines))] = f'a={dice.randbytes(20).hex()}:\u2028'
        yield {'type': 'answer', 'sdp': '\r\n'.join(lines)}


async def say(socket: ClientConnection, **message: Any) -> None:
    await socket.send(json.dumps(message))


async def next_message(socket: ClientConnection, kind: str) -> dict[str, Any]:
    while (message := json.loads(await socket.recv()))['type'] != kind:
        pass
    return dict(message)


async def main(url: str, role: str, sender_id: str, seed: str) -> None:
    dice = random.Random(int(seed))
    token = os.environ.get('WEBRTC_BRIDGE_TOKEN', '')
    headers = {'Authorization': f'Bearer {token}'} if token else {}
    ca = os.environ.get('SERVER_CA')
    tls = ssl.create_default_context(cafile=ca) if ca else None
    path = '/receiver' if role == 'viewer' else f'/sender?id={sender_id}'
    while True:
        with contextlib.suppress(ConnectionClosed, OSError):
            async with connect(url + path, additional_headers=headers, ssl=tls) as socket:
                if role == 'viewer':
                    await view(socket, sender_id, dice)
                await publish(socket, dice)
        await asyncio.sleep(0.2)


if __name__ == '__main__':
    asyncio.run(main(*sys.argv[1:]))
