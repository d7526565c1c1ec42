"""One run: its plan, its folder and its failures."""

import random
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from benchmark.plan import Plan
from benchmark.processes import Processes
from webrtc_bridge.errors import WebrtcBridgeError

DOMAINS = range(1, 102)
'ROS domain ids; above 101 they use ephemeral ports of Linux.'

Record = dict[str, Any]
'The outcome of one measurement, for JSON; `error` is the reason why there is none.'


class Run:
    """Make measurements; the logs of all programs go into `folder`."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.folder = folder

    async def measured(self, label: str, work: Callable[[Processes], Awaitable[Record]]) -> Record:
        """Return the record of `work`, with its error if it raises one; then end its programs."""
        # A ROS graph of its own, so that other programs are neither seen nor disturbed.
        domain = random.choice(DOMAINS)
        try:
            async with Processes(self.folder, label, domain) as processes:
                return await work(processes)
        # OSError: a program has not written its file.
        except (WebrtcBridgeError, OSError) as error:
            return {'error': f'{error} ({label})', 'kind': type(error).__name__}

    def log(self, line: str) -> None:
        """Print progress to stderr, because the tables go to stdout."""
        print(line, file=sys.stderr, flush=True)
