"""The first diagram of the protocol, spoken by clients that know nothing else."""

import json
from collections.abc import AsyncIterator

import pytest
from support.signaling.signaling_samples import description
from support.signaling.waiting import read
from websockets.asyncio.client import connect

from webrtc_bridge.options import SignalingOptions
from webrtc_bridge.signaling.server.server import SignalingServer


@pytest.fixture
async def server() -> AsyncIterator[SignalingServer]:
    async with SignalingServer(SignalingOptions(port=0)) as serving:
        yield serving


async def test_the_diagram_works_as_it_is_drawn(server: SignalingServer) -> None:
    async with connect(f'{server.url}/sender') as snd, connect(f'{server.url}/receiver') as b:
        registered = await read(snd)
        assert registered['type'] == 'registered'
        sender_id = registered['sender_id']
        registered = await read(b)
        assert registered['type'] == 'registered'
        receive_id = registered['receive_id']
        sender = await read(b)
        assert (sender['type'], sender['sender_id']) == ('sender', sender_id)

        await b.send(json.dumps({'type': 'request_offer', 'sender_id': sender_id}))
        request = await read(snd)
        assert (request['type'], request['receiver_id']) == ('request_offer', receive_id)
        offer, answer = description('offer'), description('answer')
        reply = {'type': 'offer', 'offer': offer, 'receiver_id': request['receiver_id']}
        await snd.send(json.dumps(reply))
        message = await read(b)
        assert (message['type'], message['offer']) == ('offer', offer)
        await b.send(json.dumps({'type': 'answer', 'answer': answer, 'sender_id': sender_id}))
        message = await read(snd)
        assert (message['type'], message['answer']) == ('answer', answer)


async def test_asking_again_without_session_ids_means_the_newest(server: SignalingServer) -> None:
    async with connect(f'{server.url}/sender') as snd, connect(f'{server.url}/receiver') as b:
        sender_id = (await read(snd))['sender_id']
        receive_id = (await read(b))['receive_id']
        await read(b)
        for _ in range(2):
            await b.send(json.dumps({'type': 'request_offer', 'sender_id': sender_id}))
        assert [(await read(snd))['type'] for _ in range(3)] == [
            'request_offer',
            'bye',
            'request_offer',
        ]
        offer = {'type': 'offer', 'offer': description('offer'), 'receiver_id': receive_id}
        await snd.send(json.dumps(offer))
        assert [(await read(b))['type'] for _ in range(2)] == ['bye', 'offer']
