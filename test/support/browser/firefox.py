"""Firefox, and one page of it, by the Marionette protocol."""

import asyncio
import contextlib
import itertools
import json
import shutil
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

PROGRAM = shutil.which('firefox-esr') or shutil.which('firefox')
PREFERENCES = {
    'marionette.port': 0,
    'media.autoplay.default': 0,
    'media.navigator.permission.disabled': True,
    'media.navigator.streams.fake': True,
    'datareporting.policy.dataSubmissionEnabled': False,
    'browser.shell.checkDefaultBrowser': False,
}
START_TIMEOUT = 60.0
DEADLINE = 30.0


class Page:
    """The one page of a Firefox."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._numbers = itertools.count(1)

    async def open(self, url: str) -> None:
        """Go to a URL and wait until it is loaded."""
        await self._call('WebDriver:Navigate', url=url)

    async def value(self, expression: str) -> Any:
        """Return what a JavaScript expression is."""
        script = f'return ({expression})'
        answer = await self._call('WebDriver:ExecuteScript', script=script, args=[])
        return answer['value']

    async def until(self, expression: str, timeout: float = DEADLINE) -> None:
        """Wait until an expression is true."""
        end = time.monotonic() + timeout
        while not await self.value(expression):
            text = await self.value('document.body.innerText')
            assert time.monotonic() < end, f'never so: {expression}; the page says: {text}'
            await asyncio.sleep(0.1)

    async def start_session(self) -> None:
        await self.message()  # the greeting
        await self._call('WebDriver:NewSession', capabilities={})

    async def _call(self, command: str, **parameters: Any) -> Any:
        number = next(self._numbers)
        text = json.dumps([0, number, command, parameters])
        self._writer.write(f'{len(text.encode())}:{text}'.encode())
        _, answered, error, result = await asyncio.wait_for(self.message(), DEADLINE)
        assert answered == number
        assert error is None, f'{command}: {error}'
        return result

    async def message(self) -> Any:
        size = await self._reader.readuntil(b':')
        return json.loads(await self._reader.readexactly(int(size[:-1])))


@contextlib.asynccontextmanager
async def firefox_page(folder: Path) -> AsyncIterator[Page]:
    """Run Firefox with its profile in `folder`, and yield its page."""
    assert PROGRAM
    lines = (f'user_pref("{name}", {json.dumps(value)});' for name, value in PREFERENCES.items())
    (folder / 'user.js').write_text('\n'.join(lines), encoding='utf-8')
    process = await asyncio.create_subprocess_exec(
        *(PROGRAM, '--headless', '--no-remote', '--marionette', '--profile', str(folder)),
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(START_TIMEOUT):
            port = await asyncio.to_thread(_port, folder / 'MarionetteActivePort')
            reader, writer = await asyncio.open_connection('127.0.0.1', port)
            page = Page(reader, writer)
            await page.start_session()
        yield page
        writer.close()
    finally:
        process.terminate()
        await process.wait()


def _port(file: Path) -> int:
    end = time.monotonic() + START_TIMEOUT
    while not (file.is_file() and (text := file.read_text('ascii').strip())):
        assert time.monotonic() < end, 'firefox did not start'
        time.sleep(0.1)
    return int(text)
