"""
Decide how much of the pictures a machine can encode in time.

For both engines, so without PyAV, which the GStreamer sender does not need.
"""

from collections.abc import Sequence
from typing import NamedTuple

WINDOW = 2.0
'Seconds that the load is an average of.'

LONGEST_WINDOW = 2 * WINDOW
'Seconds from picture to picture that say nothing about the load: there were no viewers.'

STRAINED = 0.9
'The part of the time, spent encoding, from which pictures are late or left out.'

STRAINED_WINDOWS = 2
'Windows after which that is not just something else that the machine did.'

ROOM = 0.6
'The part of the time that encoding may be expected to take after a step up.'

PATIENCE, LONGEST_PATIENCE = 10.0, 320.0
"""
Seconds with room before a step up; twice as many each time that was in vain, which it is if a
step down follows within `PATIENCE`.
"""


class Step(NamedTuple):
    """The part of the width and height, and one of how many pictures, that is encoded."""

    scale: float = 1.0
    interval: int = 1

    @property
    def cost(self) -> float:
        """The part of the work that is left."""
        return self.scale**2 / self.interval


SIZES_THEN_RATES = (Step(), Step(2 / 3), Step(1 / 2), Step(1 / 2, 2), Step(1 / 2, 4))
'Smaller pictures look better than jerky ones.'

RATES = (Step(), Step(interval=2), Step(interval=3), Step(interval=6))


class EncoderLoad:
    """
    Choose a step of `steps` by the time that encoding takes; the first one is everything.

    For one thread; reads no clock.
    """

    def __init__(self, steps: Sequence[Step]) -> None:
        self._steps = steps
        self._index = 0
        self._window_from: float | None = None
        self._busy = 0.0
        self._strained = 0
        self._calm = 0.0
        self._patience = PATIENCE
        self._up_at = float('-inf')

    @property
    def step(self) -> Step:
        """The step that the machine can keep up with."""
        return self._steps[self._index]

    def note(self, busy: float, now: float) -> bool:
        """Count `busy` seconds of encoding until `now`; return whether `step` changed."""
        began, before = self._window_from, self._index
        if began is None or now - began > LONGEST_WINDOW:
            self._window_from, self._busy = now, 0.0
            return False
        self._busy += busy
        if now - began >= WINDOW:
            self._judge(self._busy / (now - began), now - began, now)
            self._window_from, self._busy = now, 0.0
        return self._index != before

    def _judge(self, load: float, seconds: float, now: float) -> None:
        if load >= STRAINED:
            self._strained, self._calm = self._strained + 1, 0.0
            if self._strained >= STRAINED_WINDOWS:
                self._step_down(now)
            return
        self._strained = 0
        self._calm = self._calm + seconds if self._has_room(load) else 0.0
        if self._calm >= self._patience:
            self._step_up(now)

    def _has_room(self, load: float) -> bool:
        if self._index == 0:
            return False
        return load * self._steps[self._index - 1].cost / self.step.cost < ROOM

    def _step_down(self, now: float) -> None:
        if self._index + 1 == len(self._steps):
            return
        in_vain = now - self._up_at <= PATIENCE
        self._patience = min(2 * self._patience, LONGEST_PATIENCE) if in_vain else PATIENCE
        self._index += 1
        self._strained = 0

    def _step_up(self, now: float) -> None:
        self._index -= 1
        self._calm, self._up_at = 0.0, now
