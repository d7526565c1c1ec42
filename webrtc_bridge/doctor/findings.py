"""What the checks find, one line each."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from webrtc_bridge.errors import WebrtcBridgeError, printable


class CheckFailed(WebrtcBridgeError):
    """Something is not as it should be: `what`, and `advice` on what to do about it."""

    def __init__(self, what: str, advice: str) -> None:
        super().__init__(what, advice)
        self.what = what
        self.advice = advice

    def __str__(self) -> str:
        return f'{self.what}: {self.advice}'


class FindingsError(WebrtcBridgeError):
    """Of all checks, `failed` ones failed."""

    exit_status = 1

    def __init__(self, failed: int) -> None:
        super().__init__(failed)
        self.failed = failed

    def __str__(self) -> str:
        return f'{self.failed} of the checks failed'


class Findings:
    """Prints `ok`, `FAILED` or `skipped` for each check, and counts the failed."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self.failed = 0
        self._write = write

    def ok(self, name: str, found: str) -> None:
        """Say that a check found what it should."""
        self._write(f'ok       {name}: {found}')

    def fail(self, name: str, what: str, advice: str) -> None:
        """Say that a check failed, and what to do."""
        self.failed += 1
        self._write(f'FAILED   {name}: {what}: {advice}')

    def skip(self, name: str, why: str) -> None:
        """Say that a check cannot be done."""
        self._write(f'skipped  {name}: {why}')

    async def check(self, name: str, work: Coroutine[Any, Any, str], timeout: float) -> bool:
        """Do `work`, which returns what it found, in `timeout` seconds; say whether it was ok."""
        try:
            self.ok(name, await asyncio.wait_for(work, timeout))
        except CheckFailed as failure:
            self.fail(name, failure.what, failure.advice)
        except TimeoutError:
            self.fail(name, f'not done in {timeout:g} s', 'look for a firewall, or a busy machine')
        except Exception as error:
            # No traceback: whoever asks the doctor is not to be shown the doctor's own insides.
            said = printable(error, 200)
            self.fail(name, said, 'unexpected; --log-level debug may tell more')
        else:
            return True
        return False
