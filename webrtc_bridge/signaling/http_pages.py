"""What the server answers to plain HTTP: fixed pages, and headers that fence them in."""

import logging
from importlib import resources

from aiohttp import web
from aiohttp.http_exceptions import HttpProcessingError

HEADERS = {
    'Content-Security-Policy': (
        "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; "
        "media-src 'self' blob:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Cache-Control': 'no-store',
    'Server': 'webrtc_bridge',
}
PAGES = {
    '/': ('index.html', 'text/html'),
    '/viewer.js': ('viewer.js', 'text/javascript'),
    '/viewer.css': ('viewer.css', 'text/css'),
}
'Path to file in `viewer/` and its type; nothing else is ever read.'


def add_pages(app: web.Application) -> None:
    """Let `app` serve the pages, and give every response the headers."""
    for path, (name, kind) in PAGES.items():
        app.router.add_get(path, _Page(name, kind).serve)
    app.on_response_prepare.append(_set_headers)


class _Page:
    """One file of the package, read once."""

    def __init__(self, name: str, kind: str) -> None:
        self._text = (resources.files('webrtc_bridge') / 'viewer' / name).read_text('utf-8')
        self._kind = kind

    async def serve(self, request: web.Request) -> web.Response:
        """Return the file."""
        return web.Response(text=self._text, content_type=self._kind)


async def _set_headers(request: web.Request, response: web.StreamResponse) -> None:
    response.headers.update(HEADERS)
    # One request for each connection: the header's deadline holds for the first one.
    response.force_close()


class NoClientErrors(logging.Filter):
    """Keep out of the log, a traceback each time, what a client sent as malformed HTTP."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Return False for those records."""
        error = record.exc_info[1] if record.exc_info else None
        return not isinstance(error, HttpProcessingError)


http_logger = logging.getLogger('webrtc_bridge.signaling.http')
http_logger.addFilter(NoClientErrors())
