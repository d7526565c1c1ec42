"""The link emulator as a program, between programs that do not know of it."""

import asyncio

import pytest
from support.links.emulated_link import start_emulator
from support.links.emulator import change, parser
from support.links.signaling_proxy import page
from support.links.udp_relay import Side
from support.peers.senders import SENDER_ID, start_program
from support.peers.watching import watching
from support.programs import Program, Start


async def test_a_program_gets_its_video_over_the_link_of_a_profile(
    start: Start, start_module: Start, server: Program
) -> None:
    link = await start_emulator(start, server.url, '--profile', '4g', '--set', 'loss=0')
    await start_program('aiortc h264', start_module, link.url)
    async with watching(server.url, SENDER_ID) as seen:
        await seen.wait_for_more(10)
        first = await link.report()
        assert first['came'] >= 10
        assert first['lost'] == 0
        await link.command('nonsense')
        await link.change(loss=0.2)
        await seen.wait_for_more(5)
        second = await link.report()
        assert 0 < second['lost'] < second['came']
        await link.be('lan')
        await link.rebind(Side.SENDER)
        await seen.wait_for_more(30)
        await link.report()
        await seen.wait_for_more(30)
        assert (await link.report())['lost'] == 0


async def test_the_pages_are_behind_the_link_too(start: Start, server: Program) -> None:
    link = await start_emulator(start, server.url)
    pages = [await asyncio.to_thread(page, url, '/publish') for url in (link.url, server.url)]
    assert [one.status_code for one in pages] == [200, 200]
    assert pages[0].body == pages[1].body
    assert pages[0].headers['Content-Type'].startswith('text/html')


def test_changes_are_read_from_the_command_line() -> None:
    options = parser().parse_args(
        ['--server', 'ws://x', '--change', '10:rate=5e5,video.loss=0.1', '--change', '20:rate=0']
    )
    assert [one.at for one in options.change] == [10, 20]
    assert options.change[0].fields == {'rate': 5e5, 'video.loss': 0.1}
    with pytest.raises(ValueError, match='x'):
        change('x:rate=1')
