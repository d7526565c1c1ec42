"""One run: its plan, its folder, and what failed in it."""

import random
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from benchmark.plan import Plan
from benchmark.processes import Processes
from webrtc_bridge.errors import WebrtcBridgeError

DOMAINS = range(1, 102)
'Ids above 101 reach into the ports that Linux hands out to others.'

Record = dict[str, Any]
'What one measurement brought, for JSON; `error` says why it brought nothing.'


class Run:
    """Carries out measurements; the logs of all programs go into `folder`."""

    def __init__(self, plan: Plan, folder: Path) -> None:
        self.plan = plan
        self.folder = folder

    async def measured(self, label: str, work: Callable[[Processes], Awaitable[Record]]) -> Record:
        """Return what `work` brings with programs that end with it, or the error it ends with."""
        # A graph of its own: whatever else runs here is neither seen nor disturbed.
        domain = random.choice(DOMAINS)
        try:
            async with Processes(self.folder, label, domain) as processes:
                return await work(processes)
        # OSError: a program has not written what it was to write.
        except (WebrtcBridgeError, OSError) as error:
            return {'error': f'{error} ({label})', 'kind': type(error).__name__}

    def tell(self, line: str) -> None:
        """Say how it goes, without disturbing the tables on stdout."""
        print(line, file=sys.stderr, flush=True)
