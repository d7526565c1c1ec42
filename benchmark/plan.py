"""What a run measures."""

from dataclasses import dataclass

FPS = 30
"""Of every pipeline: aiortc's VideoStreamTrack knows no other."""


@dataclass(frozen=True)
class Size:
    """The size of a picture, in pixels."""

    width: int
    height: int

    @classmethod
    def parse(cls, text: str) -> 'Size':
        """Return what `text`, like 640x480, says. Raises: ValueError."""
        width, height = (int(part) for part in text.split('x'))
        if min(width, height) < 64 or width % 2 or height % 2:
            raise ValueError(text)
        return cls(width, height)

    def __str__(self) -> str:
        return f'{self.width}x{self.height}'


@dataclass(frozen=True)
class Plan:
    """How much is measured."""

    sizes: tuple[Size, ...]

    rounds: int
    """How often each pipeline is started and measured; they take turns, against drift."""

    settle: float
    """Seconds from the first image to the start of the measurement: bit rates find their level."""

    seconds: float
    """Length of one measurement."""

    fair_dds: bool = False
    """Whether stock aiortc's receiver gets the shared memory that ours gives itself."""

    best_effort: bool = False
    """Whether the subscriber asks for best effort instead of reliable."""


FULL = Plan((Size(640, 480), Size(1280, 720)), rounds=4, settle=2.0, seconds=7.0)
'About 5 minutes with three pipelines.'

QUICK = Plan((Size(640, 480), Size(1280, 720)), rounds=1, settle=1.5, seconds=3.5)
'Under 1 minute.'
