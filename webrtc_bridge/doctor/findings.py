"""Findings of the checks, one line each."""

from collections.abc import Callable, Coroutine
from typing import Any

from webrtc_bridge.errors import WebrtcBridgeError, printable
from webrtc_bridge.program.cancellation import within


class CheckFailed(WebrtcBridgeError):
    """A check found a `problem`; `advice` says what to do about it."""

    def __init__(self, problem: str, advice: str) -> None:
        super().__init__(problem, advice)
        self.problem = problem
        self.advice = advice

    def __str__(self) -> str:
        return f'{self.problem}; {self.advice}'


class FindingsError(WebrtcBridgeError):
    """`failed` checks failed."""

    exit_status = 1

    def __init__(self, failed: int) -> None:
        super().__init__(failed)
        self.failed = failed

    def __str__(self) -> str:
        return '1 check failed' if self.failed == 1 else f'{self.failed} checks failed'


class Findings:
    """Write a line that starts with `ok`, `FAILED` or `skipped` for each check; count failures."""

    def __init__(self, write: Callable[[str], None]) -> None:
        self.failed = 0
        self._write = write

    def ok(self, name: str, found: str) -> None:
        """Report that a check passed."""
        self._write(f'ok       {name}: {found}')

    def fail(self, name: str, problem: str, advice: str) -> None:
        """Report that a check failed, and what to do."""
        self.failed += 1
        self._write(f'FAILED   {name}: {problem}; {advice}')

    def skip(self, name: str, reason: str) -> None:
        """Report that a check cannot be done."""
        self._write(f'skipped  {name}: {reason}')

    async def check(self, name: str, work: Coroutine[Any, Any, str], timeout: float) -> bool:
        """Return whether `work` passes in `timeout` seconds; it returns its finding or raises."""
        try:
            self.ok(name, await within(work, timeout))
        except CheckFailed as failure:
            self.fail(name, failure.problem, failure.advice)
        except TimeoutError:
            advice = 'check firewalls and the load of the machine'
            self.fail(name, f'no result within {timeout:g} s', advice)
        except Exception as error:
            # No traceback: a user who asks the doctor is not helped by its internals.
            advice = 'unexpected; --log-level debug may show more'
            self.fail(name, printable(error, 200), advice)
        else:
            return True
        return False
