"""Libraries that the GStreamer sender does without."""

import subprocess
import sys

BLOCK_AND_IMPORT = """
import sys

class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition('.')[0] in ('aiortc', 'aioice', 'av', 'numpy'):
            raise ModuleNotFoundError(name + ' is blocked', name=name)

sys.meta_path.insert(0, Blocked())
import webrtc_bridge.gstreamer.sender
"""


def test_neither_aiortc_nor_pyav_is_needed() -> None:
    done = subprocess.run(
        [sys.executable, '-c', BLOCK_AND_IMPORT],
        capture_output=True,
        text=True,
        timeout=20,
        check=False,
    )
    assert done.returncode == 0, done.stderr
