"""The wall clock, which may be set at any moment, and the monotonic one, which is not."""

import time
from typing import NamedTuple

STEP_NS = 20_000_000
'Nanoseconds by which the wall clock must move against the other to have been set: not slewed.'


class Now(NamedTuple):
    """The two clocks of this machine, read at once."""

    unix_ns: int
    monotonic_ns: int

    @classmethod
    def read(cls) -> 'Now':
        """Return the present time."""
        return cls(time.time_ns(), time.monotonic_ns())


class WallClockSteps:
    """Notices that the wall clock was set. Reads no clock."""

    def __init__(self) -> None:
        self._offset_ns: int | None = None

    def noticed(self, now: Now) -> bool:
        """Return whether the clock was set since the last call; the first one returns False."""
        offset_ns = now.unix_ns - now.monotonic_ns
        before, self._offset_ns = self._offset_ns, offset_ns
        return before is not None and abs(offset_ns - before) > STEP_NS
