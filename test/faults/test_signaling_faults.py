"""A signaling server that is restarted or attacked during a live stream."""

import asyncio
import re
import time

from support.peers.session_pair import until
from support.peers.watching import Seen, watching
from support.programs import SUPPORT, start_server
from websockets.asyncio.client import connect

from webrtc_bridge.options import ServerOptions
from webrtc_bridge.signaling.client.client import SignalingClient, SignalingListener
from webrtc_bridge.signaling.client.server_access import ServerAccess
from webrtc_bridge.signaling.protocol.messages import Role

ATTACK = str(SUPPORT / 'signaling/attack.py')
SMALL = ['--source', 'test', '--width', '320', '--height', '240', '--fps', '30']
CLIENTS = 90
HELLO_TIMEOUT = 3.0


async def test_a_server_that_was_away_is_full_again_in_3_s(start_module):
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
            await asyncio.sleep(5)
            server = await start_server(start_module, server.port)
            back = time.monotonic()
            await camera.line('sender front: registered', after=lines)
            await until(lambda: all(client.connected for client in clients))
            await until(lambda: 'front' in seen.receiver.senders)
            took = time.monotonic() - back
            await seen.wait_for_more(10)
            print(f'all are back after {took:.2f} s; gap {seen.longest_gap(killed):.3f} s')
            assert took < 3.0
            assert seen.longest_gap(killed) < 0.5
            ids = re.findall(r'(\S+) registered, ', server.output)
            assert len(ids) == len(set(ids)) == CLIENTS + 2
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)


async def rate(seen: Seen, seconds: float) -> float:
    """Return how many pictures arrive in a second."""
    started, count = time.monotonic(), len(seen.times)
    await seen.wait_for(lambda seen: seen.times[-1] - started >= seconds)
    return (len(seen.times) - count) / (seen.times[-1] - started)


async def test_an_attack_on_the_server_disturbs_no_stream(start_module, start):
    server = await start_module(
        'commands.signaling', '--port', '0', '--hello-timeout', str(HELLO_TIMEOUT)
    )
    port = (await server.line(r'serving on 127\.0\.0\.1:(\d+)'))[1]
    url = f'ws://127.0.0.1:{port}'
    await start_module('commands.webcam', '--server', url, '--id', 'front', *SMALL)
    async with watching(url, 'front') as seen:
        await seen.wait_for_more(10)
        undisturbed = await rate(seen, 2.0)
        attack = await start(ATTACK, '127.0.0.1', port)
        await attack.line('under way')
        disturbed = asyncio.ensure_future(rate(seen, 2.0))
        started = time.monotonic()
        async with connect(f'{url}/receiver') as newcomer:
            await newcomer.recv()
            welcomed = time.monotonic() - started
        remaining = await disturbed / undisturbed
        cut = await attack.line(r'500 cut after ([\d.]+) s')
        attack.process.stdin.write(b'\n')
        flood, large = (await attack.line(r'closed: \{(.*)\} \{(.*)\}')).groups()
        print(f'{remaining:.3f} of {undisturbed:.1f} pictures a second; {cut[0]};')
        print(f'newcomer after {welcomed:.2f} s; closed: {flood}; {large}')
        assert remaining >= 0.95
        assert welcomed < 1.0
        assert float(cut[1]) < HELLO_TIMEOUT + 1.0
        assert set(re.findall(r'(\S+):', flood)) == {'1008'}
        assert set(re.findall(r'(\S+):', large)) == {'1009'}
