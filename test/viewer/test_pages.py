"""The files and headers of the pages; no browser is needed."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import urljoin

import pytest
from aiohttp import ClientSession, web

import webrtc_bridge
from webrtc_bridge.signaling.server.http_pages import add_pages

VIEWER = Path(webrtc_bridge.__file__).parent / 'viewer'


@pytest.fixture
async def url() -> AsyncIterator[str]:
    app = web.Application()
    add_pages(app, ['https://dashboard.example', "https://x.example; script-src 'unsafe-inline'"])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, '127.0.0.1', 0)
    await site.start()
    yield f'http://127.0.0.1:{runner.addresses[0][1]}'
    await runner.cleanup()


async def headers_of(url: str) -> dict[str, str]:
    async with ClientSession() as http, http.get(url) as reply:
        return dict(reply.headers) | {'status': str(reply.status)}


async def test_only_the_viewer_may_be_framed_and_only_by_those_allowed(url: str) -> None:
    async def framers(path: str) -> str:
        policy = (await headers_of(url + path))['Content-Security-Policy']
        return policy.partition('frame-ancestors ')[2]

    assert await framers('/') == "'self' https://dashboard.example"
    assert await framers('/publish') == "'none'"
    assert await framers('/watching/viewer.js') == "'none'"


async def test_only_the_publish_page_may_ask_for_the_camera(url: str) -> None:
    assert 'camera=()' in (await headers_of(f'{url}/'))['Permissions-Policy']
    assert 'camera=(self)' in (await headers_of(f'{url}/publish'))['Permissions-Policy']


@pytest.mark.parametrize('path', ['/', '/publish', '/watching/viewer.js', '/page.css', '/nothing'])
async def test_nothing_inline_and_nothing_foreign_is_allowed(url: str, path: str) -> None:
    headers = await headers_of(url + path)
    policy = headers['Content-Security-Policy']
    assert policy.startswith("default-src 'none'; script-src 'self'; style-src 'self'")
    assert 'unsafe' not in policy
    assert headers['X-Content-Type-Options'] == 'nosniff'
    assert headers['status'] == ('404' if path == '/nothing' else '200')


async def test_every_file_that_a_page_names_is_served(url: str) -> None:
    for file in VIEWER.rglob('*.*'):
        text = file.read_text('utf-8')
        names = re.findall(r'(?:src|href)="([\w./]+\.\w+)"', text)
        names += re.findall(r"from '([\w./]+)'", text)
        folder = '/'.join(['', *file.relative_to(VIEWER).parts[:-1], ''])
        for name in names:
            path = urljoin(folder, name)
            assert (await headers_of(url + path))['status'] == '200', (file.name, name)


def test_pages_set_text_never_markup() -> None:
    for file in VIEWER.rglob('*.js'):
        text = file.read_text('utf-8')
        assert not re.search(r'innerHTML|outerHTML|insertAdjacentHTML|document\.write', text)
    for file in VIEWER.glob('*.html'):
        assert not re.search(r'<style|style=|\son\w+=|<script>', file.read_text('utf-8'))


def test_all_files_are_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    root = Path(__file__).parents[2]
    patterns = re.search(r'package_data=\{NAME: \[(.+)\]\}', (root / 'setup.py').read_text())
    assert patterns
    kinds = set(re.findall(r"\*\*/\*(\.\w+)'", patterns[1]))
    assert {file.suffix for file in VIEWER.rglob('*.*')} <= kinds
