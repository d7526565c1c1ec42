"""A network camera: GStreamer's RTSP server, in a process of its own."""

import asyncio
import subprocess
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

PYTHON = '/usr/bin/python3'
'GstRtspServer is introspected by the system alone.'

PROGRAM = Path(__file__).with_name('rtsp_server.py')


def has_rtsp_server() -> bool:
    probe = "import gi; gi.require_version('GstRtspServer', '1.0')"
    done = subprocess.run([PYTHON, '-c', probe], capture_output=True, check=False)
    return done.returncode == 0


@asynccontextmanager
async def rtsp_camera(port: int = 0):
    """Run an RTSP server; yields its process and port. Skipped where the system has none."""
    if not has_rtsp_server():
        pytest.skip('needs gir1.2-gst-rtsp-server-1.0 and python3-gst-1.0')
    server = await asyncio.create_subprocess_exec(
        PYTHON, str(PROGRAM), str(port), stdout=asyncio.subprocess.PIPE
    )
    try:
        yield server, int(await asyncio.wait_for(server.stdout.readline(), 20))
    finally:
        if server.returncode is None:
            server.kill()
        await server.wait()
