"""A signaling server that is restarted or attacked during a live stream."""

import asyncio
import re
import time

from support.peers.session_pair import until
from support.peers.watching import watching
from support.programs import SUPPORT, start_server
from websockets.asyncio.client import connect

from webrtc_bridge.options import ServerOptions
from webrtc_bridge.signaling.client.client import SignalingClient, SignalingListener
from webrtc_bridge.signaling.client.server_access import ServerAccess
from webrtc_bridge.signaling.protocol.messages import Role

ATTACK = str(SUPPORT / 'signaling/attack.py')
SMALL = ['--source', 'test', '--width', '320', '--height', '240', '--fps', '30']
CLIENTS = 90
AWAY = 3.0
HELLO_TIMEOUT = 2.0
'Seconds.'


async def test_a_server_that_was_away_is_soon_full_again(start_module):
    server = await start_server(start_module)
    camera = await start_module('commands.webcam', '--server', server.url, '--id', 'front', *SMALL)
    access = ServerAccess.of(ServerOptions(server.url))
    clients = [
        SignalingClient(access, Role.RECEIVER, SignalingListener(), peer_id=f'r{n}')
        for n in range(CLIENTS)
    ]
    running = [asyncio.ensure_future(client.run()) for client in clients]
    try:
        async with watching(server.url, 'front', receiver_id='robot') as seen:
            await seen.wait_for_more(10)
            await until(lambda: all(client.connected for client in clients), 20.0)
            killed, lines = time.monotonic(), len(camera.lines)
            await server.kill()
            await asyncio.sleep(AWAY)
            server = await start_server(start_module, server.port)
            await camera.line('sender front: registered', after=lines)
            await until(lambda: all(client.connected for client in clients))
            await until(lambda: 'front' in seen.receiver.senders)
            await seen.wait_for_more(10)
            assert seen.longest_gap(killed) < AWAY / 2
            ids = re.findall(r'(\S+) registered, ', server.output)
            assert len(ids) == len(set(ids)) == CLIENTS + 2
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def test_an_attack_on_the_server_ends_no_stream(start_module, start, caplog):
    server = await start_module(
        'commands.signaling', '--port', '0', '--hello-timeout', str(HELLO_TIMEOUT)
    )
    port = (await server.line(r'serving on 127\.0\.0\.1:(\d+)'))[1]
    url = f'ws://127.0.0.1:{port}'
    await start_module('commands.webcam', '--server', url, '--id', 'front', *SMALL)
    async with watching(url, 'front') as seen:
        await seen.wait_for_more(10)
        path = await seen.path()
        attack = await start(ATTACK, '127.0.0.1', port)
        await attack.line('under way')
        async with asyncio.timeout(10), connect(f'{url}/receiver') as newcomer:
            assert 'registered' in await newcomer.recv()
        await attack.line('500 cut')
        attack.process.stdin.write(b'\n')
        flood, large = (await attack.line(r'closed: \{(.*)\} \{(.*)\}')).groups()
        await seen.wait_for_more(10)
        assert await seen.path() == path, 'another session'
        assert 'front is stale' not in caplog.text
        assert set(re.findall(r'(\S+):', flood)) == {'1008'}
        assert set(re.findall(r'(\S+):', large)) == {'1009'}
