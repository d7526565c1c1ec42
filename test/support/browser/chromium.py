"""Chromium, and its pages, by the DevTools protocol (https://chromedevtools.github.io)."""

import asyncio
import base64
import contextlib
import itertools
import json
import re
import shutil
import subprocess
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

from websockets.asyncio.client import ClientConnection, connect

PROGRAM = shutil.which('chromium') or shutil.which('chromium-browser')
FLAGS = [
    '--headless=new',
    '--no-sandbox',  # the suite often runs as root
    '--disable-gpu',
    '--disable-quic',
    '--disable-dev-shm-usage',
    '--disable-background-networking',
    '--disable-component-update',
    '--disable-sync',
    '--no-first-run',
    '--no-default-browser-check',
    '--autoplay-policy=no-user-gesture-required',
    '--use-fake-device-for-media-stream',
    # A name for this machine that is not a secure context, like an address in a network.
    '--host-resolver-rules=MAP robot.test 127.0.0.1',
    '--remote-debugging-port=0',
]
START_TIMEOUT = 30.0
DEADLINE = 20.0


@contextlib.contextmanager
def running_chromium(folder: Path, *flags: str) -> Iterator[str]:
    """Run Chromium with its profile in `folder` and more `flags`; yield its DevTools URL."""
    assert PROGRAM
    log = folder / 'chromium.log'
    with (
        log.open('wb') as output,
        subprocess.Popen(
            [PROGRAM, *FLAGS, *flags, f'--user-data-dir={folder / "profile"}', 'about:blank'],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        ) as process,
    ):
        try:
            yield _devtools_url(process, log)
        finally:
            process.terminate()
            try:
                process.wait(5.0)
            except subprocess.TimeoutExpired:
                process.kill()


def _devtools_url(process: 'subprocess.Popen[bytes]', log: Path) -> str:
    end = time.monotonic() + START_TIMEOUT
    while time.monotonic() < end and process.poll() is None:
        if match := re.search(
            r'DevTools listening on (ws://\S+)', log.read_text('utf-8', 'replace')
        ):
            return match[1]
        time.sleep(0.05)
    raise AssertionError(f'chromium did not start: {log.read_text("utf-8", "replace")[-2000:]}')


class Browser:
    """A connection to a Chromium, and in it a window of its own that shares nothing."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket = socket
        self._numbers = itertools.count(1)
        self._replies: dict[int, asyncio.Future[dict[str, Any]]] = {}
        self._pages: dict[str, Page] = {}
        self._reading = asyncio.ensure_future(self._read())
        self.context = ''
        self.downloaded = asyncio.Event()

    @classmethod
    @contextlib.asynccontextmanager
    async def connect(cls, url: str) -> AsyncIterator['Browser']:
        async with connect(url, max_size=None) as socket:
            browser = cls(socket)
            created = await browser.call('Target.createBrowserContext')
            browser.context = created['browserContextId']
            try:
                yield browser
            finally:
                await browser.call(
                    'Target.disposeBrowserContext', browserContextId=browser.context
                )
                browser._reading.cancel()
                await asyncio.gather(browser._reading, return_exceptions=True)

    async def page(
        self, url: str, width: int = 1280, height: int = 800, *, script: str = ''
    ) -> 'Page':
        """Open a page, which runs `script` before its own."""
        target = await self.call(
            'Target.createTarget',
            url='about:blank',
            browserContextId=self.context,
            newWindow=True,  # of several tabs in one window only the newest would be drawn
            width=width,
            height=height,
        )
        attached = await self.call(
            'Target.attachToTarget', targetId=target['targetId'], flatten=True
        )
        page = self._pages[attached['sessionId']] = Page(self, attached['sessionId'])
        for domain in ('Page', 'Runtime', 'Log', 'Network'):
            await page.call(f'{domain}.enable')
        await page.call('Page.addScriptToEvaluateOnNewDocument', source=script)
        await page.open(url)
        return page

    async def allow_camera(self, origin: str) -> None:
        """Answer the question for the camera with yes."""
        await self._set_camera(origin, 'granted')

    async def deny_camera(self, origin: str) -> None:
        """Answer the question for the camera with no."""
        await self._set_camera(origin, 'denied')

    async def _set_camera(self, origin: str, setting: str) -> None:
        await self.call(
            'Browser.setPermission',
            permission={'name': 'camera'},
            setting=setting,
            origin=origin,
            browserContextId=self.context,
        )

    async def call(self, method: str, session: str = '', **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol, of a page's `session` where one is given."""
        number = next(self._numbers)
        reply = self._replies[number] = asyncio.get_running_loop().create_future()
        message = {'id': number, 'method': method, 'params': parameters}
        await self._socket.send(json.dumps(message | ({'sessionId': session} if session else {})))
        answer = await asyncio.wait_for(reply, DEADLINE)
        assert 'error' not in answer, f'{method}: {answer}'
        result: dict[str, Any] = answer['result']
        return result

    async def _read(self) -> None:
        async for text in self._socket:
            message = json.loads(text)
            if 'id' in message:
                reply = self._replies.pop(message['id'])
                if not reply.done():
                    reply.set_result(message)
            elif message['method'] == 'Browser.downloadProgress':
                if message['params']['state'] == 'completed':
                    self.downloaded.set()
            elif message.get('sessionId') in self._pages:
                self._pages[message['sessionId']].on_event(message['method'], message['params'])


class Page:
    """One page of a browser; what it complains of is in `complaints`."""

    def __init__(self, browser: Browser, session: str) -> None:
        self.complaints: list[str] = []
        self._browser = browser
        self._session = session

    def on_event(self, method: str, parameters: dict[str, Any]) -> None:
        if method == 'Runtime.exceptionThrown':
            self.complaints.append(json.dumps(parameters['exceptionDetails']))
        elif method == 'Log.entryAdded':
            entry = parameters['entry']
            if entry['level'] == 'error':
                self.complaints.append(f'{entry["text"]} {entry.get("url", "")}')

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method of the protocol."""
        return await self._browser.call(method, self._session, **parameters)

    async def open(self, url: str) -> None:
        """Go to a URL and wait until it is loaded."""
        await self.call('Page.navigate', url=url)
        await self.until("document.readyState === 'complete' && location.href !== 'about:blank'")

    async def value(self, expression: str) -> Any:
        """Return what a JavaScript expression is, or resolves to."""
        result = await self.call(
            'Runtime.evaluate',
            expression=expression,
            awaitPromise=True,
            returnByValue=True,
            userGesture=True,
        )
        assert 'exceptionDetails' not in result, result
        return result['result'].get('value')

    async def until(self, expression: str, timeout: float = DEADLINE) -> Any:
        """Wait until an expression is true; return what it is."""
        end = time.monotonic() + timeout
        while not (value := await self.value(expression)):
            assert time.monotonic() < end, (
                f'never so: {expression}; the page says: {await self.text()}; {self.complaints}'
            )
            await asyncio.sleep(0.05)
        return value

    async def text(self, selector: str = 'body') -> str:
        """Return the text that an element shows."""
        text = await self.value(f'document.querySelector({selector!r})?.innerText ?? ""')
        assert isinstance(text, str)
        return text

    async def click(self, selector: str) -> None:
        """Click into the middle of an element, with the mouse."""
        place = await self.until(
            f'(() => {{ const one = document.querySelector({selector!r});'
            ' if (!one || one.disabled) return null;'
            ' one.scrollIntoView({block: "center"}); const box = one.getBoundingClientRect();'
            ' return box.width && [box.x + box.width / 2, box.y + box.height / 2]; })()'
        )
        for kind in ('mousePressed', 'mouseReleased'):
            await self.call(
                'Input.dispatchMouseEvent',
                type=kind,
                x=place[0],
                y=place[1],
                button='left',
                clickCount=1,
            )

    async def press(self, key: str, code: int, text: str = '') -> None:
        """Press a key."""
        for kind in ('keyDown', 'keyUp'):
            await self.call(
                'Input.dispatchKeyEvent',
                type=kind,
                key=key,
                code=key,
                windowsVirtualKeyCode=code,
                **({'text': text} if text and kind == 'keyDown' else {}),
            )

    async def screenshot(self, file: Path) -> None:
        """Write a PNG of what is to be seen."""
        shot = await self.call('Page.captureScreenshot', format='png')
        await asyncio.to_thread(file.write_bytes, base64.b64decode(shot['data']))
