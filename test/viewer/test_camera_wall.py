"""The places of the viewer page's tiles, in windows of many sizes, in a real Chromium."""

import contextlib
import time
from collections.abc import AsyncIterator
from math import ceil
from typing import Any

from support.browser.chromium import Browser, Page
from support.programs import Program
from websockets.asyncio.client import connect

NAMES = [f'Camera {number}' for number in (10, 2, 1, 9, 8, 7, 6, 5, 4)]
WINDOWS = [(1280, 720), (2560, 1440), (1024, 600), (640, 360), (390, 844), (844, 390)]
'The fourth is 1280×720 at 200 %; the last two are a phone.'

GAP = 12
ASPECT = 16 / 9
'Of tiles that have no picture yet; then it is that of the picture.'

PLACES = """
(() => {
  const box = (one) => {
    const {left, top, right, bottom} = one.getBoundingClientRect();
    return [left, top, right, bottom];
  };
  const all = (selector) => [...document.querySelectorAll(selector)].map(box);
  const grid = document.getElementById('grid');
  return {
    tiles: all('.tile'),
    pictures: all('.tile video'),
    room: [grid.clientWidth,
      innerHeight - box(grid)[1] - parseFloat(getComputedStyle(document.body).paddingBottom)],
    scrolls: document.scrollingElement.scrollHeight > innerHeight
      || document.scrollingElement.scrollWidth > innerWidth,
  };
})()
"""


@contextlib.asynccontextmanager
async def cameras(server: Program) -> AsyncIterator[None]:
    """Register senders that never answer: a wall needs no pictures."""
    async with contextlib.AsyncExitStack() as sockets:
        for number, name in enumerate(NAMES):
            url = f'{server.url}/sender?id=cam{number}&name={name.replace(" ", "%20")}'
            await sockets.enter_async_context(connect(url))
        yield


async def resize(page: Page, width: int, height: int) -> None:
    await page.call(
        'Emulation.setDeviceMetricsOverride',
        width=width,
        height=height,
        deviceScaleFactor=1,
        mobile=width < 1000,
    )


def widest(places: dict[str, Any]) -> float:
    """Return how wide the pictures of a wall can be."""
    count = len(places['tiles'])
    width, height = places['room']
    (_, top, _, bottom), (_, upper, _, lower) = places['tiles'][0], places['pictures'][0]
    chrome = (bottom - top) - (lower - upper)
    return max(
        min(
            (width - GAP * (columns - 1)) / columns,
            ((height - GAP * (rows - 1)) / rows - chrome) * ASPECT,
        )
        for columns in range(1, count + 1)
        if (rows := ceil(count / columns))
    )


def is_right(places: dict[str, Any], width: int, height: int) -> bool:
    """Return whether all tiles are in the window, apart, in shape, and as wide as can be."""
    boxes = places['tiles']
    apart = all(
        a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1]
        for index, a in enumerate(boxes)
        for b in boxes[:index]
    )
    inside = all(
        left >= 0 and top >= 0 and right <= width and bottom <= height
        for left, top, right, bottom in boxes
    )
    in_shape = all(
        abs((right - left) / (bottom - top) / ASPECT - 1) < 0.02
        for left, top, right, bottom in places['pictures']
    )
    wide = all(abs(right - left - widest(places)) <= 4 for left, _, right, _ in boxes)
    return apart and inside and in_shape and wide and not places['scrolls']


async def settled(page: Page, width: int, height: int) -> dict[str, Any]:
    """Return the places once they are right; the page moves them before its next picture."""
    end = time.monotonic() + 10
    while not is_right(places := await page.value(PLACES), width, height):
        assert time.monotonic() < end, places
    return dict(places)


async def test_walls_fill_windows_of_every_size_and_none_is_left_out(
    server: Program, browser: Browser
) -> None:
    async with cameras(server):
        page = await browser.page('about:blank#')
        for count in (1, 2, 4, 6, 9):
            query = '&'.join(f'sender=cam{number}' for number in range(count))
            await page.open(f'http://127.0.0.1:{server.port}/?{query}')
            await page.until("document.querySelectorAll('#cameras button').length === 9")
            for width, height in WINDOWS:
                await resize(page, width, height)
                places = await settled(page, width, height)
                if width < 1000:  # the rest is folded
                    assert places['tiles'][0][1] <= (60 if height > width else 10)
        assert page.complaints == []


async def test_the_list_is_sorted_and_folds_on_a_phone(server: Program, browser: Browser) -> None:
    async with cameras(server):
        page = await browser.page('about:blank#')
        await resize(page, 390, 844)
        await page.open(f'http://127.0.0.1:{server.port}/')
        await page.until("document.querySelectorAll('#cameras button').length === 9")
        names = await page.value(
            "[...document.querySelectorAll('#cameras .name')].map((one) => one.textContent)"
        )
        assert names == sorted(NAMES, key=lambda name: int(name.split()[1]))
        listed = "document.getElementById('cameras').offsetParent !== null"
        menu = "document.getElementById('menu')"
        assert await page.value(listed)
        await page.click('#cameras [data-sender="cam0"]')
        await page.until(f'!({listed})')
        # The keyboard goes on where the list can be unfolded.
        assert await page.value(f'document.activeElement === {menu}')
        assert await page.value(f"{menu}.getAttribute('aria-expanded')") == 'false'
        await page.press('Enter', 13, '\r')
        await page.until(listed)
        assert await page.value(f"{menu}.getAttribute('aria-expanded')") == 'true'
        await page.click('#open-all')
        await page.until(f'!({listed})')
        assert await page.value('document.title') == '9 cameras · Cameras'
