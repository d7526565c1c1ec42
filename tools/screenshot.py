"""Write docs/images/viewer-*.png: the viewer page with a live camera, in light and in dark."""

import asyncio
import contextlib
import tempfile
from pathlib import Path

from support.browser.chromium import Browser, Page, running_chromium
from support.browser.pictures import until_it_moves

from webrtc_bridge.options import EncoderOptions, SenderOptions, SignalingOptions, SourceOptions
from webrtc_bridge.sending.camera_sender import serve_camera
from webrtc_bridge.signaling.server.server import SignalingServer

IMAGES = Path(__file__).parents[1] / 'docs' / 'images'
CAMERAS = {'front': 'Front camera', 'rear': 'Rear camera'}
WIDTH, HEIGHT = 1360, 620


async def main() -> None:
    """Serve two test patterns, open them in Chromium, and write one picture for each theme."""
    with tempfile.TemporaryDirectory() as folder, running_chromium(Path(folder)) as devtools:
        async with SignalingServer(SignalingOptions(port=0)) as server:
            cameras = [asyncio.create_task(send_pattern(server.url, id_)) for id_ in CAMERAS]
            try:
                async with Browser.connect(devtools) as browser:
                    page = await browser.page(server.url.replace('ws', 'http', 1), WIDTH, HEIGHT)
                    await photograph(page)
            finally:
                for camera in cameras:
                    camera.cancel()
                await asyncio.gather(*cameras, return_exceptions=True)


async def send_pattern(server_url: str, sender_id: str) -> None:
    """Send the test pattern as `sender_id` until cancelled."""
    sender = SenderOptions(server_url=server_url, sender_id=sender_id, name=CAMERAS[sender_id])
    source = SourceOptions(source='test', width=1280, height=720)
    with contextlib.suppress(asyncio.CancelledError):
        await serve_camera(sender, source, EncoderOptions())


async def photograph(page: Page) -> None:
    """Show all cameras on `page` and write its picture in both themes."""
    await page.call(
        'Emulation.setDeviceMetricsOverride',
        width=WIDTH,
        height=HEIGHT,
        deviceScaleFactor=1,
        mobile=False,
    )
    await page.click('#open-all')
    for sender_id in CAMERAS:
        await until_it_moves(page, sender_id, more=90)
    for theme in ('light', 'dark'):
        feature = {'name': 'prefers-color-scheme', 'value': theme}
        await page.call('Emulation.setEmulatedMedia', features=[feature])
        await page.screenshot(IMAGES / f'viewer-{theme}.png')


if __name__ == '__main__':
    IMAGES.mkdir(exist_ok=True)
    asyncio.run(main())
