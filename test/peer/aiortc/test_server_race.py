"""Servers that are asked at the same time, without any server."""

import asyncio

import pytest
from support.peers.session_pair import DEADLINE, until

from webrtc_bridge.peer.aiortc.patches.ice_servers import IceServerUrl, usable_servers
from webrtc_bridge.peer.aiortc.server_race import NoAnswer, ServerRace
from webrtc_bridge.signaling.protocol.messages import IceServer


class FakeQuery:
    """A `ServerQuery` whose servers answer with their URL, once `answers` is set."""

    def __init__(self, relays: bool = False) -> None:
        self.relays = relays
        self.answers = asyncio.Event()
        self.asked: list[IceServerUrl] = []
        self.given_back: list[str] = []

    async def ask(self, server: IceServerUrl) -> str:
        self.asked.append(server)
        await self.answers.wait()
        return server.url

    def use(self, answer: str) -> str:
        return answer

    def discard(self, answer: str) -> None:
        self.given_back.append(answer)


async def test_an_answer_that_comes_too_late_is_given_back(nothing_left: None) -> None:
    query = FakeQuery()
    servers = usable_servers([IceServer(('stun:one',)), IceServer(('stun:two',))])
    race = asyncio.ensure_future(ServerRace(servers, query, lambda server, reason: None).run())
    await until(lambda: len(query.asked) == 2)
    query.answers.set()  # so both answer in one turn of the loop
    used = await asyncio.wait_for(race, DEADLINE)
    assert {used, *query.given_back} == {'stun:one', 'stun:two'}


async def test_without_a_server_of_the_kind_there_is_no_answer(nothing_left: None) -> None:
    servers = usable_servers([IceServer(('stun:one',))])
    race = ServerRace(servers, FakeQuery(relays=True), lambda server, reason: None)
    with pytest.raises(NoAnswer):
        await race.run()
