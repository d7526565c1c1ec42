"""Static pages over plain HTTP, and the security headers of every response."""

import logging
import re
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from importlib import resources
from importlib.resources.abc import Traversable
from pathlib import PurePath
from typing import Any

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

from webrtc_bridge.signaling.abort import abort
from webrtc_bridge.signaling.server.frame_guard import GuardedReader
from webrtc_bridge.signaling.server.turns import Turns

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors "
)
'Content-Security-Policy of every answer; who may frame it follows.'

HEADERS = {
    'Content-Security-Policy': POLICY + "'none'",
    'X-Content-Type-Options': 'nosniff',
    'Referrer-Policy': 'no-referrer',
    'Permissions-Policy': 'camera=(), microphone=(), geolocation=()',
    'Cache-Control': 'no-store',
    'Server': 'webrtc_bridge',
}

PAGES = {'/': 'index.html', '/publish': 'publish.html'}
'Path to file in `viewer/`; what else the pages need is served under its own name.'

TYPES = {'.css': 'text/css', '.js': 'text/javascript', '.svg': 'image/svg+xml'}
'Files of `viewer/` that the pages need, by suffix; nothing else is ever read.'

ORIGIN = re.compile(r'https?://[A-Za-z0-9.:\[\]-]+')


def add_pages(app: web.Application, allowed_origins: Iterable[str] = ()) -> None:
    """
    Let `app` serve the pages, and give every response the headers.

    The viewer may be framed by our own pages and by those of `allowed_origins`; the page that
    turns a camera on may not be framed at all.
    """
    framers = ' '.join(["'self'", *filter(ORIGIN.fullmatch, allowed_origins)])
    own_headers = {
        '/': {'Content-Security-Policy': POLICY + framers},
        '/publish': {'Permissions-Policy': 'camera=(self), microphone=(), geolocation=()'},
    }
    folder = resources.files('webrtc_bridge') / 'viewer'
    for path, name in PAGES.items():
        page = _Page((folder / name).read_text('utf-8'), 'text/html', own_headers[path])
        app.router.add_get(path, page.serve)
    for path, file in _files(folder):
        if kind := TYPES.get(PurePath(path).suffix):
            app.router.add_get(path, _Page(file.read_text('utf-8'), kind, {}).serve)
    # aiohttp 3.9 and a newer aiosignal disagree on the types of their signals.
    preparing: Any = app.on_response_prepare
    preparing.append(_set_headers)


def _files(folder: Traversable, path: str = '/') -> Iterator[tuple[str, Traversable]]:
    """Yield the files in `folder` and below, each with its path from `folder`."""
    for entry in folder.iterdir():
        if entry.is_dir():
            yield from _files(entry, f'{path}{entry.name}/')
        else:
            yield path + entry.name, entry


class _Page:
    """One file of the package, read once; `headers` replace the common ones."""

    def __init__(self, text: str, kind: str, headers: dict[str, str]) -> None:
        self._text = text
        self._kind = kind
        self._headers = headers

    async def serve(self, request: web.Request) -> web.Response:
        """Return the file."""
        return web.Response(text=self._text, content_type=self._kind, headers=self._headers)


async def _set_headers(request: web.Request, response: web.StreamResponse) -> None:
    for name, value in HEADERS.items():
        response.headers.setdefault(name, value)
    response.headers['Server'] = HEADERS['Server']
    # One request per connection: the deadline for the header only holds for the first one.
    response.force_close()


class RequestHandler(web.RequestHandler):
    """Answer what is not HTTP like everything else: with the headers, without a version."""

    __slots__ = ('_guarded', '_turns')

    def __init__(self, turns: Turns, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self._turns = turns
        self._guarded: GuardedReader | None = None

    def set_parser(self, parser: Any, *arguments: Any, **options: Any) -> None:
        """Give the connection to `parser`: it is a WebSocket's from now on."""
        guarded: Any = GuardedReader(parser, self, self._turns)
        self._guarded = guarded
        super().set_parser(guarded, *arguments, **options)
        guarded.go_on()

    def pause_reading(self) -> None:
        """Stop: the queue of messages is full."""
        super().pause_reading()
        if self._guarded:
            self._guarded.stop()

    def resume_reading(self, *arguments: Any, **options: Any) -> None:
        """Continue: there is room in the queue of messages."""
        super().resume_reading(*arguments, **options)
        if self._guarded:
            self._guarded.go_on()

    def hold(self) -> None:
        """Receive nothing until `release`."""
        if self.transport and not self.transport.is_closing():
            self.transport.pause_reading()

    def release(self) -> None:
        """Receive again."""
        if self.transport and not self.transport.is_closing():
            self.transport.resume_reading()

    def abort(self) -> None:
        """Abort the connection now."""
        if self.transport:
            abort(self.transport)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """Return the answer to a request that failed; `message`, which quotes it, is left out."""
        self.log_exception('Error handling request from %s', request.remote, exc_info=exc)
        if request.writer.output_size > 0:
            raise ConnectionError('an answer is under way')
        text = f'{status} {HTTPStatus(status).phrase}\n'
        response = web.Response(status=status, text=text, headers=HEADERS)
        response.force_close()
        return response


class NoClientErrors(logging.Filter):
    """Keep malformed HTTP and hang-ups, which are a traceback each time, out of the log."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return False for those records."""
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, (HttpProcessingError, ConnectionError))


http_logger = logging.getLogger('webrtc_bridge.signaling.http')
http_logger.addFilter(NoClientErrors())
