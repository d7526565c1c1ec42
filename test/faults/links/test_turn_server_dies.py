"""The only path between the peers is a TURN server, and it is killed."""

import logging
import time
from pathlib import Path

import pytest
from support.links.turn_server import SECRET, running_turn_server
from support.peers.senders import SENDER_ID, start_program
from support.peers.session_pair import until
from support.peers.watching import watching
from support.programs import Start

from webrtc_bridge.signaling.server.ice_servers import TURN_SECRET

NOTICED = 15.0
CLOSED = 10.0
'Seconds.'


async def test_a_turn_server_that_dies_is_noticed_and_keeps_nobody_from_closing(
    start_module: Start, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO, 'webrtc_bridge')
    async with running_turn_server(tmp_path) as turn:
        url = turn.url('udp')
        signaling = await start_module(
            'commands.signaling', '--port', '0', '--ice-server', url, **{TURN_SECRET: SECRET}
        )
        port = (await signaling.line(r'serving on 127\.0\.0\.1:(\d+)'))[1]
        server_url = f'ws://127.0.0.1:{port}'
        sender = await start_program('aiortc h264', start_module, server_url)
        async with watching(server_url, SENDER_ID, ice_transport_policy='relay') as seen:
            await seen.wait_for_more(30)
            turn.process.kill()
            killed = time.monotonic()
            await until(lambda: f'{SENDER_ID} is stale' in caplog.text, NOTICED)
            await until(
                lambda: f'ICE server {url}: ' in caplog.text, killed + NOTICED - time.monotonic()
            )
            assert (await seen.receiver.report()).state != 'receiving'
            started = time.monotonic()
        assert time.monotonic() - started < CLOSED
        assert await sender.stop() == 0
