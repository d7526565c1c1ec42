"""The picture that both kinds of senders show: a moving texture, as JPEG pictures."""

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import cv2

from benchmark.clips import textured
from benchmark.plan import FPS, HD

LENGTH = 90
QUALITY = 85


@dataclass(frozen=True)
class ClipFiles:
    """One clip in three forms, each of which a kind of sender plays in a loop."""

    jpegs: Path
    'JPEG pictures one after the other.'

    matroska: Path
    pictures: Path
    'The pattern of names of single pictures.'


def write_clip(folder: Path) -> ClipFiles:
    """Write the clip; it goes forth and back, so that it starts over without a cut."""
    files = ClipFiles(folder / 'clip.mjpeg', folder / 'clip.mkv', folder / 'clip-%03d.jpg')
    forth = [_jpeg(picture) for picture in textured(HD.width, HD.height, LENGTH)]
    pictures = [*forth, *reversed(forth[1:-1])]
    files.jpegs.write_bytes(b''.join(pictures))
    for number, picture in enumerate(pictures):
        Path(str(files.pictures) % number).write_bytes(picture)
    with av.open(files.matroska, 'w') as container:
        stream = container.add_stream('mjpeg', rate=FPS)
        stream.width, stream.height, stream.pix_fmt = HD.width, HD.height, 'yuvj420p'
        for number, picture in enumerate(pictures):
            packet = av.Packet(picture)
            packet.stream, packet.time_base = stream, Fraction(1, FPS)
            packet.pts = packet.dts = number
            packet.is_keyframe = True
            container.mux(packet)
    return files


def _jpeg(picture: av.VideoFrame) -> bytes:
    _, encoded = cv2.imencode(
        '.jpg', picture.to_ndarray(format='bgr24'), [cv2.IMWRITE_JPEG_QUALITY, QUALITY]
    )
    return bytes(encoded)
