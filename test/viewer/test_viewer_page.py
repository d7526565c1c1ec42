"""The viewer page in a real Chromium, with real servers and cameras as processes."""

import asyncio
import json
import re
import signal
import struct
import time
from pathlib import Path
from typing import Any

import pytest
from support.browser.chromium import Browser, Page
from support.browser.pictures import colours, frames, tile, until_it_moves, wrong_bars
from support.peers.senders import skip_unless_installed
from support.programs import Program, Start, start_server
from websockets.asyncio.client import connect

from webrtc_bridge.media.capture.pattern import Pattern
from webrtc_bridge.media.frames import CapturedFrame
from webrtc_bridge.media.latest import Latest
from webrtc_bridge.options import EncoderOptions, SenderOptions
from webrtc_bridge.sending.sender import Sender

SMALL = ('--width', '320', '--height', '240')
BARS = ([235, 235, 235], [235, 235, 16], [16, 235, 235])
'Around which the first three of the seven bars of videotestsrc are, at 100 or 75 %.'

NOTE_STATES = """
(() => {
  const tile = document.querySelector('.tile');
  const video = tile.querySelector('video');
  const noted = { seen: [tile.dataset.state], at: performance.now() };
  window.states = noted;
  new MutationObserver(() => noted.seen.push(tile.dataset.state))
    .observe(tile, { attributeFilter: ['data-state'] });
  const picture = () => {
    noted.at = performance.now();
    video.requestVideoFrameCallback(picture);
  };
  video.requestVideoFrameCallback(picture);
})()
"""
'The states of the only tile from now on, and the time of its newest picture.'

CONNECTED = "document.body.dataset.server === 'connected'"


async def start_camera(
    start_module: Start, server: Program, sender_id: str, *more: str
) -> Program:
    camera = await start_module(
        'commands.webcam', '--server', server.url, '--id', sender_id, '--source', 'test', *more
    )
    await camera.line('registered at')
    return camera


def address(server: Program, path: str = '/') -> str:
    return f'http://127.0.0.1:{server.port}{path}'


KEEP_CONNECTIONS = """
    const connections = [];
    window.RTCPeerConnection = class extends RTCPeerConnection {
        constructor(...options) { super(...options); connections.push(this); }
    };
"""
WITHOUT_H264 = """
    const set = RTCPeerConnection.prototype.setRemoteDescription;
    RTCPeerConnection.prototype.setRemoteDescription = function({ type, sdp }) {
        return set.call(this, { type, sdp: sdp.replaceAll(' H264/', ' HXXX/') });
    };
"""
'A browser that does not know the codec.'

FORMATS = """
    Promise.all(connections.map((connection) => connection.getStats())).then((all) =>
        all.flatMap((stats) => [...stats.values()])
            .filter(({ type }) => type === 'codec').map(({ sdpFmtpLine }) => sdpFmtpLine))
"""


async def test_a_camera_is_chosen_and_shown_with_its_colours_and_numbers(
    start_module: Start, server: Program, browser: Browser
) -> None:
    page = await browser.page(address(server))
    await page.until(CONNECTED)
    assert 'No cameras yet' in await page.text()
    await page.value(KEEP_CONNECTIONS)
    await start_camera(start_module, server, 'front', '--name', 'Front camera', '--fps', '30')
    await page.click('#cameras [data-sender="front"]')
    await until_it_moves(page, 'front')
    assert await wrong_bars(page, 'front') == {}
    # Rates are those between two looks, a second apart.
    await page.until("!document.querySelector('[data-statistic=bitrate]').hidden")
    numbers = await page.text('.statistics')
    for text in ('640×480', ' fps', 'bit/s', '%', 'direct', 'H264'):
        assert text in numbers
    (used,) = await page.value(FORMATS)
    assert re.search('profile-level-id=(64|f4)', used)  # its decoder shows the High profile
    # The camera's clock and the page's are the same one.
    await page.until("!document.querySelector('[data-statistic=delay]').hidden")
    delay = float((await page.text('[data-statistic=delay] dd')).removesuffix(' ms'))
    assert 0 < delay < 1000
    assert await page.value("location.search === '?sender=front'")
    assert await page.value('document.title') == 'Front camera · Cameras'
    assert 'No cameras' not in await page.text()
    assert page.complaints == []


async def test_a_gstreamer_sender_is_shown_moving(
    start_module: Start, server: Program, browser: Browser
) -> None:
    skip_unless_installed('gstreamer')
    sender = await start_module(
        'commands.gstreamer', '--server', server.url, '--id', 'rover', '--source', 'test'
    )
    await sender.line('registered at')
    page = await browser.page(address(server, '/?sender=rover'))
    await until_it_moves(page, 'rover')
    # videotestsrc's first bars: white, yellow, cyan.
    found = await colours(page, 'rover', [[n / 14, 0.25] for n in (1, 3, 5)])
    for colour, expected in zip(found, BARS, strict=True):
        assert max(abs(a - b) for a, b in zip(colour, expected, strict=True)) < 40, found
    await page.until("!document.querySelector('[data-statistic=delay]').hidden")
    delay = float((await page.text('[data-statistic=delay] dd')).removesuffix(' ms'))
    assert 0 < delay < 1000
    assert 'H264' in await page.text('.statistics')
    other = await browser.page(address(server))
    await other.until(CONNECTED)
    await other.value(WITHOUT_H264)
    await other.click('#cameras [data-sender="rover"]')
    await until_it_moves(other, 'rover')
    found = await colours(other, 'rover', [[n / 14, 0.25] for n in (1, 3, 5)])
    for colour, expected in zip(found, BARS, strict=True):
        assert max(abs(a - b) for a, b in zip(colour, expected, strict=True)) < 40, found
    await other.until("document.querySelector('.statistics').textContent.includes('VP8')")


async def test_a_camera_that_leaves_and_returns_is_shown_again(
    start_module: Start, server: Program, browser: Browser
) -> None:
    camera = await start_camera(start_module, server, 'front', *SMALL)
    page = await browser.page(address(server, '/?sender=front'))
    await until_it_moves(page, 'front')
    await camera.stop()
    await page.until(
        f"document.querySelector('{tile('front')} .message').innerText.includes('not connected')"
    )
    assert await page.value("document.querySelectorAll('#cameras button').length") == 0
    # What it was like before is not what it is like.
    numbers = "[...document.querySelectorAll('.statistics dd')].map((one) => one.textContent)"
    assert set(await page.value(numbers)) == {'–'}
    assert await page.value("document.querySelector('.snapshot').disabled")
    camera = await start_camera(start_module, server, 'front', *SMALL)
    await until_it_moves(page, 'front')
    # Without a word this time, as when its power fails.
    await camera.kill()
    await start_camera(start_module, server, 'front', *SMALL)
    await page.until(f"document.querySelector('{tile('front')}').dataset.state !== 'playing'")
    await until_it_moves(page, 'front')
    assert await wrong_bars(page, 'front') == {}


async def test_a_camera_that_stops_is_reported_and_resumes(
    start_module: Start, server: Program, browser: Browser
) -> None:
    camera = await start_camera(start_module, server, 'front', *SMALL)
    page = await browser.page(address(server, '/?sender=front'))
    await until_it_moves(page, 'front')
    camera.process.send_signal(signal.SIGSTOP)
    await page.until("document.querySelector('.message').innerText.includes('has stopped')")
    camera.process.send_signal(signal.SIGCONT)
    await until_it_moves(page, 'front')
    assert await page.text('.message') == ''


@pytest.mark.long
async def test_a_camera_whose_pictures_are_rare_goes_on_without_a_word(
    server: Program, browser: Browser
) -> None:
    frames: Latest[CapturedFrame] = Latest()
    sessions: list[int] = []
    camera = Sender(
        SenderOptions(server.url, 'map'), EncoderOptions(), frames, 30.0, sessions.append
    )
    pattern = Pattern(320, 240)
    running = asyncio.ensure_future(camera.run())
    try:
        page = await browser.page(address(server, '/?sender=map'))
        frames.put(CapturedFrame(pattern.draw(0), time.time_ns()))
        await until_it_moves(page, 'map', 0)
        await page.value(NOTE_STATES)
        for _ in range(2):
            # Longer than a camera may be silent whose program is, too.
            await page.until('performance.now() - states.at > 3500')
            frames.put(CapturedFrame(pattern.draw(0), time.time_ns()))
            await page.until('performance.now() - states.at < 3500')
        assert set(await page.value('states.seen')) == {'playing'}
        assert sessions == [1]
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)


async def test_video_goes_on_without_the_server_which_is_found_again(
    start_module: Start, server: Program, browser: Browser
) -> None:
    await start_camera(start_module, server, 'front', *SMALL)
    page = await browser.page(address(server, '/?sender=front'))
    await until_it_moves(page, 'front')
    await server.kill()
    await page.until("document.body.dataset.server === 'lost'")
    assert f'No connection to the server at 127.0.0.1:{server.port}' in await page.text('header')
    await until_it_moves(page, 'front')
    before = await frames(page, 'front')
    server = await start_server(start_module, server.port)
    await page.until(CONNECTED)
    await start_camera(start_module, server, 'rear', *SMALL)
    await page.click('#cameras [data-sender="rear"]')
    await until_it_moves(page, 'rear')
    # One video element, one count: the session that was there is the one that is.
    await page.until("document.querySelectorAll('#cameras button').length === 2")
    assert await frames(page, 'front') > before
    await until_it_moves(page, 'front')


async def test_two_cameras_stand_side_by_side(
    start_module: Start, server: Program, browser: Browser
) -> None:
    await start_camera(start_module, server, 'front', *SMALL)
    await start_camera(start_module, server, 'rear', *SMALL)
    # As most come: over plain http from another machine, which is not a secure context.
    page = await browser.page(f'http://robot.test:{server.port}/?sender=front')
    assert not await page.value('isSecureContext')
    await page.click('#open-all')
    for sender_id in ('front', 'rear'):
        await until_it_moves(page, sender_id)
    tops = await page.value(
        "[...document.querySelectorAll('.tile')].map((one) => one.getBoundingClientRect().top)"
    )
    assert len(tops) == 2
    assert len(set(tops)) == 1
    assert await page.value('location.search') == '?sender=front&sender=rear'
    await page.click(f'{tile("front")} .close')
    await page.until("document.querySelectorAll('.tile').length === 1")
    await until_it_moves(page, 'rear')
    assert page.complaints == []


async def test_a_snapshot_has_the_size_of_the_video(
    start_module: Start, server: Program, browser: Browser, tmp_path: Path
) -> None:
    await start_camera(start_module, server, 'front', '--width', '322', '--height', '242')
    page = await browser.page(address(server, '/?sender=front'))
    await browser.call(
        'Browser.setDownloadBehavior',
        behavior='allow',
        downloadPath=str(tmp_path),
        eventsEnabled=True,
        browserContextId=browser.context,
    )
    await until_it_moves(page, 'front')
    await page.click(f'{tile("front")} .snapshot')

    await asyncio.wait_for(browser.downloaded.wait(), 15)
    (file,) = await asyncio.to_thread(lambda: list(tmp_path.glob('*.png')))
    assert file.name.startswith('front_2')
    data = await asyncio.to_thread(file.read_bytes)
    assert data.startswith(b'\x89PNG')
    assert struct.unpack('>II', data[16:24]) == (322, 242)
    # A single tile has the picture's shape, without black to its sides.
    width, height = await page.value(
        '(({width, height}) => [width, height])('
        "document.querySelector('video').getBoundingClientRect())"
    )
    assert width / height == pytest.approx(322 / 242, rel=0.01)


async def test_a_bare_page_is_all_picture(
    start_module: Start, server: Program, browser: Browser
) -> None:
    page = await browser.page(address(server, '/?sender=front&controls=0'))
    await page.until(CONNECTED)
    # Problems are reported there, too.
    await page.until("document.body.innerText.includes('“front” is not connected')")
    await start_camera(start_module, server, 'front', *SMALL)
    await until_it_moves(page, 'front')
    assert (await page.text()).strip() == ''
    box = await page.value(
        '(({width, height}) => [width, height])('
        "document.querySelector('video').getBoundingClientRect())"
    )
    assert box == await page.value('[innerWidth, innerHeight]')


ASKS_AGAIN, NO_PATH_ASKS_AGAIN = 300, 2000
'Milliseconds after a failed session until the page asks for another.'


async def fake_camera(url: str, replies: list[dict[str, Any]]) -> None:
    """Register as a sender that answers each request with `replies`."""
    name = '%3Cb%20id%3Dhack%3EFake%3C%2Fb%3E'
    async with connect(f'{url}/sender?id=fake&name={name}') as socket:
        async for text in socket:
            message = json.loads(text)
            if message['type'] == 'request_offer':
                address = {key: message[key] for key in ('receiver_id', 'session_id')}
                for reply in replies:
                    await socket.send(json.dumps(reply | address))


async def shown_of(
    replies: list[dict[str, Any]], server: Program, browser: Browser, text: str, deadline: int = 0
) -> Page:
    """
    Return a page that shows a fake camera, once that says `text`.

    The page's timers of `deadline` milliseconds are over early; `delays` has those of all.
    """
    camera = asyncio.ensure_future(fake_camera(server.url, replies))
    try:
        page = await browser.page('about:blank#')
        await page.call(
            'Page.addScriptToEvaluateOnNewDocument',
            source='const wait = setTimeout, delays = []; window.setTimeout = (call, ms) =>'
            f'(delays.push(ms), wait(call, ms === {deadline} ? 500 : ms))',
        )
        await page.open(address(server, '/?sender=fake'))
        await page.until(f'document.querySelector(".message").innerText.includes({text!r})')
    finally:
        camera.cancel()
        await asyncio.gather(camera, return_exceptions=True)
    return page


async def test_names_and_reasons_are_text_never_markup(server: Program, browser: Browser) -> None:
    bye = {'type': 'bye', 'reason': '<i id=hack>no more</i>'}
    page = await shown_of([bye], server, browser, 'ended the session: <i id=hack>no more</i>')
    assert ASKS_AGAIN in await page.value('delays')
    assert await page.text(f'{tile("fake")} h2') == '<b id=hack>Fake</b>'
    assert await page.value("document.getElementById('hack') === null")
    assert page.complaints == []


def offer(codec: str, more: str = '') -> dict[str, Any]:
    lines = [
        'v=0',
        'o=- 1 1 IN IP4 127.0.0.1',
        's=-',
        't=0 0',
        'a=group:BUNDLE 0',
        'm=video 9 UDP/TLS/RTP/SAVPF 96',
        'c=IN IP4 0.0.0.0',
        'a=mid:0',
        'a=sendonly',
        'a=rtcp-mux',
        f'a=rtpmap:96 {codec}/90000',
        'a=ice-ufrag:abcd',
        'a=ice-pwd:abcdefghijklmnopqrstuvwx',
        'a=fingerprint:sha-256 ' + ':'.join(['AB'] * 32),
        'a=setup:actpass',
        more,
    ]
    sdp = '\r\n'.join(filter(None, lines)) + '\r\n'
    return {'type': 'offer', 'offer': {'type': 'offer', 'sdp': sdp}}


async def test_a_codec_that_the_browser_lacks_is_named_and_not_asked_for_again(
    server: Program, browser: Browser
) -> None:
    words = 'none of the codecs that the camera offers (CINEPAK)'
    page = await shown_of([offer('CINEPAK')], server, browser, words)
    assert ASKS_AGAIN not in await page.value('delays')


async def test_feedback_for_a_codec_that_was_left_out_is_ignored(
    server: Program, browser: Browser
) -> None:
    """Firefox's descriptions have it."""
    words = 'Across networks, configure a TURN server'  # no path is what is wrong with it
    await shown_of([offer('VP8', 'a=rtcp-fb:121 nack')], server, browser, words, 15000)


async def test_a_path_that_is_not_found_is_reported_with_advice(
    server: Program, browser: Browser
) -> None:
    unreachable = 'a=candidate:1 1 udp 2130706431 192.0.2.77 9 typ host'
    words = 'Across networks, configure a TURN server'
    await shown_of([offer('VP8', unreachable)], server, browser, words, 15000)


async def test_a_camera_that_finds_no_path_first_is_no_other_trouble(
    server: Program, browser: Browser
) -> None:
    bye = {'type': 'bye', 'reason': 'no path to the peer'}
    words = 'Across networks, configure a TURN server'
    page = await shown_of([offer('VP8'), bye], server, browser, words)
    # Another attempt would hardly find one; without UDP there were nine in 20 s.
    assert NO_PATH_ASKS_AGAIN in await page.value('delays')
    assert ASKS_AGAIN not in await page.value('delays')
    # Chromium plays two black pixels before the first picture: nothing to take a snapshot of.
    await page.value(
        "const video = document.querySelector('video');"
        "Object.defineProperty(video, 'videoWidth', {value: 2});"
        "video.dispatchEvent(new Event('resize'))"
    )
    assert await page.value("document.querySelector('.snapshot').disabled")


async def test_a_camera_that_restarts_while_it_connects_is_asked_again_at_once(
    server: Program, browser: Browser
) -> None:
    page = await browser.page(address(server, '/?sender=fake'))
    first = asyncio.ensure_future(fake_camera(server.url, [offer('VP8')]))
    await page.until("document.querySelector('.tile').dataset.state === 'connecting'")
    first.cancel()
    # Long before the session of the first is given up, after 15 s.
    missing = "document.querySelector('.message').innerText.includes('is not connected')"
    await page.until(missing, 8)
    bye = {'type': 'bye', 'reason': 'no more'}
    second = asyncio.ensure_future(fake_camera(server.url, [bye]))
    await page.until("document.querySelector('.message').innerText.includes('no more')", 8)
    second.cancel()
    await asyncio.gather(first, second, return_exceptions=True)


async def test_a_camera_that_does_not_respond_is_named(server: Program, browser: Browser) -> None:
    await shown_of([], server, browser, 'does not respond', 5000)


async def test_the_page_works_with_the_keyboard_alone(
    start_module: Start, server: Program, browser: Browser
) -> None:
    await start_camera(start_module, server, 'front', *SMALL)
    page = await browser.page(address(server))
    await page.until("document.querySelector('#cameras button') !== null")
    focused: list[str] = []
    while not focused or 'front' not in focused[-1]:
        assert len(focused) < 5
        await page.press('Tab', 9)
        focused.append(await page.value('document.activeElement.innerText'))
    assert await page.value('getComputedStyle(document.activeElement).outlineStyle') == 'solid'
    await page.press('Enter', 13, '\r')
    await until_it_moves(page, 'front', 1)
    assert await page.value("document.activeElement.getAttribute('aria-pressed')") == 'true'
    await page.until("!document.querySelector('.snapshot').disabled")
    names = []
    for _ in range(3):
        await page.press('Tab', 9)
        names.append(await page.value('document.activeElement.innerText'))
    assert names == ['Snapshot', 'Full screen', 'Close']
    await page.press('Enter', 13, '\r')
    await page.until("document.querySelectorAll('.tile').length === 0")
    assert await page.value('document.activeElement.dataset.sender') == 'front'


async def test_full_screen_is_entered_and_left(
    start_module: Start, server: Program, browser: Browser
) -> None:
    await start_camera(start_module, server, 'front', *SMALL)
    page = await browser.page(address(server, '/?sender=front'))
    await until_it_moves(page, 'front', 1)
    button = f'{tile("front")} .full-screen'
    assert await page.text(button) == 'Full screen'
    await page.click(button)
    await page.until("document.fullscreenElement?.dataset.sender === 'front'")
    # The delay stays in a corner; buttons and numbers lie over the picture, and fade.
    await page.until(f"document.querySelector({button!r}).innerText === 'Leave full screen'")
    await page.until("document.querySelector('.merit').innerText.endsWith(' ms')")
    boxes = await page.value(
        "['video', '.merit', '.panel'].map((one) => document.querySelector(one))"
        '.map((one) => one.getBoundingClientRect()).map((box) => [box.top, box.bottom])'
    )
    (top, bottom), merit, panel = boxes
    assert (top, bottom) == (0, await page.value('innerHeight'))
    assert top <= merit[0] < merit[1] < panel[0] < panel[1] <= bottom
    opacity = "getComputedStyle(document.querySelector('.panel')).opacity"
    await page.until(f"{opacity} === '0'")
    await page.press('Tab', 9)  # also brings them back
    await page.until(f"{opacity} === '1'")
    await page.click(button)
    await page.until('document.fullscreenElement === null')
    await page.until(f"document.querySelector({button!r}).innerText === 'Full screen'")


@pytest.mark.parametrize('path', ['/', '/publish'])
async def test_nothing_is_wider_than_a_phone(server: Program, browser: Browser, path: str) -> None:
    page = await browser.page('about:blank#')
    await page.call(
        'Emulation.setDeviceMetricsOverride',
        width=390,
        height=844,
        deviceScaleFactor=1,
        mobile=True,
    )
    await page.open(address(server, f'{path}?sender={"w" * 64}'))
    await page.until("document.querySelector('#server').innerText")
    assert await page.value('document.scrollingElement.scrollWidth') <= 390
