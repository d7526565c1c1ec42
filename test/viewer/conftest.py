from collections.abc import AsyncIterator, Iterator

import pytest
from support.browser.chromium import PROGRAM, Browser, running_chromium


@pytest.fixture(scope='session')
def devtools(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the DevTools URL of a Chromium."""
    if PROGRAM is None:
        pytest.skip('needs chromium (Debian: apt-get install chromium)')
    with running_chromium(tmp_path_factory.mktemp('chromium')) as url:
        yield url


@pytest.fixture
async def browser(devtools: str) -> AsyncIterator[Browser]:
    """Return a window of its own."""
    async with Browser.connect(devtools) as window:
        yield window
