"""
A page as a peer, in a headless browser: BROWSER PORT ROLE URL ID CODEC [PARAMETER…].

BROWSER is firefox or chromium. The page is served at PORT, and what it reports is printed.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlencode

NAMES = {'firefox': ('firefox-esr', 'firefox'), 'chromium': ('chromium', 'chromium-browser')}
CHROMIUM = (
    '--headless=new',
    '--no-sandbox',
    '--disable-gpu',
    '--disable-dev-shm-usage',
    '--disable-background-networking',
    '--no-first-run',
    '--autoplay-policy=no-user-gesture-required',
)
PREFERENCES = """
user_pref("media.autoplay.default", 0);
user_pref("browser.shell.checkDefaultBrowser", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("app.update.enabled", false);
"""


class Handler(SimpleHTTPRequestHandler):
    """Serves the folder of the peers, and prints what is posted."""

    def guess_type(self, path):
        return 'text/javascript' if path.endswith('.mjs') else 'text/html'

    def do_POST(self):
        size = int(self.headers['Content-Length'])
        print(self.rfile.read(size).decode(), flush=True)
        self.send_response(204)
        self.end_headers()

    def log_message(self, *arguments):
        pass


class Server(ThreadingHTTPServer):
    """At a port that the test has reserved."""

    allow_reuse_port = True


def command(browser, folder):
    """Return how to start a browser with a profile in `folder`."""
    program = next(filter(None, map(shutil.which, NAMES[browser])))
    if browser == 'chromium':
        return [program, *CHROMIUM, f'--user-data-dir={folder}']
    (folder / 'user.js').write_text(PREFERENCES)
    return [program, '--headless', '--no-remote', '--profile', str(folder)]


def main(browser, port, role, url, sender_id, codec, *parameters):
    pairs = [('role', role), ('url', url), ('id', sender_id), ('codec', codec)]
    query = urlencode([*pairs, *(('parameter', each) for each in parameters)])
    serve = partial(Handler, directory=str(Path(__file__).parent / 'javascript'))
    with contextlib.ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True)))
        server = stack.enter_context(Server(('127.0.0.1', int(port)), serve))
        process = stack.enter_context(
            subprocess.Popen(
                [*command(browser, folder), f'http://127.0.0.1:{port}/page.html?{query}'],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                env={**os.environ, 'HOME': str(folder)},
            )
        )
        stack.callback(process.terminate)
        server.serve_forever()


if __name__ == '__main__':
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    main(*sys.argv[1:])
