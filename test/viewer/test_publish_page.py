"""The publish page in a real Chromium with its fake camera, to real receivers."""

import asyncio

import pytest
from support.browser.chromium import Browser, Page
from support.browser.pictures import tile, until_it_moves
from support.programs import Program, Start, start_server

from webrtc_bridge.media.frames import ReceivedFrame
from webrtc_bridge.options import ReceiverOptions
from webrtc_bridge.receiving.frame_sink import PictureSink
from webrtc_bridge.receiving.receiver import Receiver

ON_AIR = "document.body.dataset.server === 'connected'"


def address(server: Program, path: str = '/publish') -> str:
    return f'http://127.0.0.1:{server.port}{path}'


async def publish(
    browser: Browser, server: Program, sender_id: str = 'phone', size: str = '640x480'
) -> Page:
    """Open the page, fill it in and start."""
    await browser.allow_camera(address(server, ''))
    page = await browser.page(address(server))
    await page.until("document.querySelectorAll('#camera option').length")
    await page.value(
        f"document.getElementById('id').value = '{sender_id}';"
        "document.getElementById('name').value = 'A phone';"
        f"document.getElementById('resolution').value = '{size}'"
    )
    await page.click('#start')
    await page.until(ON_AIR)
    return page


async def test_the_camera_arrives_as_pictures_with_their_time_of_capture(
    server: Program, browser: Browser
) -> None:
    page = await publish(browser, server)
    assert 'Nothing is sent' in await page.text('#sent')
    loop = asyncio.get_running_loop()
    enough = asyncio.Event()
    pictures: list[ReceivedFrame] = []

    def add(frame: ReceivedFrame) -> None:
        pictures.append(frame)
        if len(pictures) >= 30 and pictures[-1].picture.width == 640:
            loop.call_soon_threadsafe(enough.set)

    receiver = Receiver(ReceiverOptions(server.url, 'phone'), PictureSink(add))
    running = asyncio.ensure_future(receiver.run())
    try:
        await asyncio.wait_for(enough.wait(), 30)
        await page.until("document.getElementById('viewers').innerText === '1 viewer'")
        # The size, the rate and the bit rate that are really sent.
        await page.until(
            r'/^Sent: 640×480, \d+ fps, [\d.]+ [kM]bit\/s$/'
            ".test(document.getElementById('sent').innerText)"
        )
        report = await receiver.report()
        assert receiver.senders == {'phone': 'A phone'}
        assert report.codec == 'H264'
        # Both clocks are this machine's, and the page was asked for its own.
        assert report.clock_offset_ms is not None
        assert abs(report.clock_offset_ms) < 50
        picture = pictures[-1].picture
        assert (picture.width, picture.height) == (640, 480)
        # Chromium's fake camera is green.
        red, green, blue = picture.to_ndarray(format='rgb24').mean(axis=(0, 1))
        assert green > red + 40
        assert green > blue + 40
        stamps = [frame.stamp_ns for frame in pictures]
        assert stamps == sorted(set(stamps))
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    await page.until("document.getElementById('viewers').innerText === 'No viewers'")
    assert page.complaints == []


SIMULCAST = """
const add = RTCPeerConnection.prototype.addTransceiver;
RTCPeerConnection.prototype.addTransceiver = function (track, options) {
  const sendEncodings = [4, 2, 1].map((by, n) => ({rid: 'qhf'[n], scaleResolutionDownBy: by}));
  return add.call(this, track, {...options, sendEncodings});
};
"""
'A page that offers three sizes, of which aiortc would take the first.'


@pytest.mark.parametrize('script', ['', SIMULCAST], ids=['one size', 'simulcast'])
async def test_a_large_camera_arrives_in_full_size_at_once(
    server: Program, browser: Browser, script: str
) -> None:
    """A quarter of it is the first size for several seconds by libwebrtc's own estimate."""
    page = await publish(browser, server, size='1280x720')
    await page.value(script)
    loop = asyncio.get_running_loop()
    enough = asyncio.Event()
    sizes: list[tuple[int, int]] = []

    def add(frame: ReceivedFrame) -> None:
        sizes.append((frame.picture.width, frame.picture.height))
        if len(sizes) == 40:
            loop.call_soon_threadsafe(enough.set)

    receiver = Receiver(ReceiverOptions(server.url, 'phone'), PictureSink(add))
    running = asyncio.ensure_future(receiver.run())
    try:
        await asyncio.wait_for(enough.wait(), 30)
    finally:
        running.cancel()
        await asyncio.gather(running, return_exceptions=True)
    # The camera has 20 pictures a second: full size within 2 s. Later, a
    # busy machine may have less.
    assert (1280, 720) in sizes


async def test_the_camera_arrives_as_ros_images(
    start_module: Start, server: Program, browser: Browser
) -> None:
    pytest.importorskip('rclpy', reason='needs rclpy')
    from support.ros.images import ImageSubscriber

    await publish(browser, server)
    node = await start_module(
        'nodes.receiver_node',
        '--ros-args',
        '-p',
        f'server_url:={server.url}',
        '-p',
        'sender_id:=phone',
        '-p',
        'encoding:=rgb8',
    )
    with ImageSubscriber('image_raw') as images:
        await images.wait_for_more(20, timeout=30)
        image = images.newest
    assert (image.width, image.height, image.encoding) == (640, 480, 'rgb8')
    red, green, blue = (sum(image.data[channel::3]) / (640 * 480) for channel in range(3))
    assert green > max(red, blue) + 40
    assert await node.stop() == 0


async def test_another_browser_watches_it_until_it_stops(
    server: Program, browser: Browser
) -> None:
    page = await publish(browser, server)
    viewer = await browser.page(address(server, '/?sender=phone'))
    await until_it_moves(viewer, 'phone')
    assert await viewer.text(f'{tile("phone")} h2') == 'A phone'
    await page.click('#stop')
    await viewer.until("document.querySelector('.message').innerText.includes('is not connected')")
    assert await page.value("document.getElementById('preview').srcObject === null")
    assert await page.text('#server') == 'Not streaming'


async def test_another_size_is_sent_to_those_who_watch(server: Program, browser: Browser) -> None:
    page = await publish(browser, server)
    viewer = await browser.page(address(server, '/?sender=phone'))
    await until_it_moves(viewer, 'phone', 1)
    await page.value(
        "document.getElementById('resolution').value = '1280x720';"
        "document.getElementById('resolution').dispatchEvent(new Event('change'))"
    )
    # The encoder may begin below it, but 16:9 it is.
    await viewer.until(
        '(({videoWidth, videoHeight}) => videoWidth * 9 === videoHeight * 16)('
        "document.querySelector('video'))"
    )


async def test_the_server_finds_it_again_under_its_id(
    start_module: Start, server: Program, browser: Browser
) -> None:
    page = await publish(browser, server)
    await server.kill()
    await page.until("document.body.dataset.server === 'lost'")
    assert 'No connection to the server' in await page.text('#message')
    server = await start_server(start_module, server.port)
    await server.line('sender phone registered')
    await page.until(ON_AIR)
    assert await page.text('#message') == ''


async def test_an_id_in_use_stops_by_itself_and_asks_for_another(
    server: Program, browser: Browser
) -> None:
    await publish(browser, server)
    second = await browser.page(address(server))
    await second.until("document.querySelectorAll('#camera option').length")
    assert await second.text('#placeholder') == 'Preview appears here'
    await second.value("document.getElementById('id').value = 'phone'")
    await second.click('#start')
    await second.until(
        "document.getElementById('message').innerText.includes('already connected')"
    )
    assert await second.value('document.activeElement.id') == 'id'
    assert await second.value("document.getElementById('preview').srcObject === null")
    await second.value("document.activeElement.value = 'tablet'")
    await second.click('#start')
    await second.until(ON_AIR)
    assert await second.text('#message') == ''
    # The keyboard goes on at the button that has taken the other's place.
    assert await second.value('document.activeElement.id') == 'stop'


HOLD = """
const open = navigator.mediaDevices.getUserMedia.bind(navigator.mediaDevices);
navigator.mediaDevices.getUserMedia = async (wanted) => {
  window.held = await open(wanted);
  await new Promise((resolve) => { window.letGo = resolve; });
  return window.held;
};
"""
'A camera that is on already, but that the page has yet to get.'


async def test_a_camera_that_opens_after_stop_is_turned_off(
    server: Program, browser: Browser
) -> None:
    page = await publish(browser, server)
    await page.value(HOLD)
    await page.value("document.getElementById('resolution').dispatchEvent(new Event('change'))")
    await page.until("'letGo' in window")
    await page.click('#stop')
    await page.value('letGo()')
    await page.until("held.getTracks().every(({readyState}) => readyState === 'ended')")
    assert await page.text('#server') == 'Not streaming'
    assert await page.value("document.getElementById('preview').srcObject === null")
    assert page.complaints == []


async def test_a_camera_that_is_not_allowed_is_reported(server: Program, browser: Browser) -> None:
    await browser.deny_camera(address(server, ''))
    page = await browser.page(address(server))
    await page.click('#start')
    await page.until("document.getElementById('message').innerText.includes('did not allow')")
    assert await page.value("!document.getElementById('start').disabled")


async def test_a_page_that_is_not_secure_says_what_helps(
    server: Program, browser: Browser
) -> None:
    page = await browser.page(f'http://robot.test:{server.port}/publish')
    await page.until("!document.getElementById('insecure').hidden")
    text = await page.text('#insecure')
    assert f'http://localhost:{server.port}/publish' in text
    assert 'https' in text
    assert await page.value("document.getElementById('main').hidden")
    assert page.complaints == []
