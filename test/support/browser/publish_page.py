"""The publish page, by which a browser's camera is a sender."""

from support.browser.chromium import Browser


async def publish(
    browser: Browser, port: int, sender_id: str, resolution: str = '640x480', *, script: str = ''
) -> None:
    """Send the fake camera of a browser; the page runs `script` before its own."""
    address = f'http://127.0.0.1:{port}'
    await browser.allow_camera(address)
    page = await browser.page(f'{address}/publish', script=script)
    await page.until("document.querySelectorAll('#camera option').length")
    await page.value(
        f"document.getElementById('id').value = '{sender_id}';"
        f"document.getElementById('resolution').value = '{resolution}'"
    )
    await page.click('#start')
    await page.until("document.body.dataset.server === 'connected'")
