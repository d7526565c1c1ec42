"""The pictures that the videos of a page show."""

from typing import Any

from support.browser.chromium import Page

from webrtc_bridge.media.capture.pattern import BARS, bar_rectangle

COLOURS = """
(() => {
  const video = document.querySelector('%s video');
  const canvas = document.createElement('canvas');
  canvas.width = video.videoWidth;
  canvas.height = video.videoHeight;
  const context = canvas.getContext('2d');
  context.drawImage(video, 0, 0);
  return %s.map(([x, y]) =>
    [...context.getImageData(x * canvas.width, y * canvas.height, 1, 1).data].slice(0, 3));
})()
"""
TOLERANCE = 16


def tile(sender_id: str) -> str:
    """Return the selector of a camera's tile."""
    return f'.tile[data-sender="{sender_id}"]'


async def frames(page: Page, sender_id: str) -> int:
    """Return how many pictures of a camera's present video were shown."""
    expression = f"document.querySelector('{tile(sender_id)} video').getVideoPlaybackQuality()"
    count = await page.value(f'{expression}.totalVideoFrames')
    assert isinstance(count, int)
    return count


async def until_it_moves(page: Page, sender_id: str, more: int = 20) -> None:
    """Wait until a camera plays and `more` further pictures of it were shown."""
    await page.until(f"document.querySelector('{tile(sender_id)}')?.dataset.state === 'playing'")
    goal = await frames(page, sender_id) + more
    await page.until(
        f"document.querySelector('{tile(sender_id)} video').getVideoPlaybackQuality()"
        f'.totalVideoFrames >= {goal}'
    )


async def colours(page: Page, sender_id: str, places: list[list[float]]) -> list[list[int]]:
    """Return red, green and blue at `places`, given as parts of the width and height."""
    found: list[list[int]] = await page.value(COLOURS % (tile(sender_id), places))
    return found


async def wrong_bars(page: Page, sender_id: str) -> dict[str, Any]:
    """Return the bars of the test pattern that have another colour than theirs."""
    places = []
    for name in BARS:
        left, top, right, bottom = bar_rectangle(name)
        places.append([(left + right) / 2, (top + bottom) / 2])
    found = await colours(page, sender_id, places)
    return {
        name: colour
        for (name, wanted), colour in zip(BARS.items(), found, strict=True)
        if max(abs(a - b) for a, b in zip(wanted, colour, strict=True)) > TOLERANCE
    }
