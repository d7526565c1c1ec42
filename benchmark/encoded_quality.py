"""The quality of encoded pictures, and what encoding them costs."""

import statistics
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import av
import cv2
import numpy as np

from benchmark import gstreamer_quality
from benchmark.plan import FPS
from benchmark.run import Record
from webrtc_bridge.media.codec.decoding_thread import open_decoder
from webrtc_bridge.media.codec.encoder import Encoder
from webrtc_bridge.media.codec.encoder_settings import DEFAULT, HIGH, X264Settings
from webrtc_bridge.media.frames import CapturedFrame, Codec, Encoding
from webrtc_bridge.media.pixels.planes import plane_pixels
from webrtc_bridge.media.rtp.rtp_time import CLOCK_RATE

SCORED = 3
'One of so many pictures is compared with the original.'

Frames = Sequence[bytes | None]
'The bytes of each picture; None for a skipped one.'


@dataclass(frozen=True)
class Setting:
    """A way to encode."""

    name: str
    codec: Codec = Codec.H264
    x264: X264Settings = DEFAULT
    gstreamer: bool = False


OURS, VP8 = Setting('H.264, ours'), Setting('VP8, ours', Codec.VP8)
FASTEST = Setting('ultrafast', x264=X264Settings('ultrafast', 'aq-mode=0'))
SETTINGS = (
    OURS,
    Setting('H.264 High, ours', x264=HIGH),
    *([Setting('H.264, ours with GStreamer', gstreamer=True)] * gstreamer_quality.is_installed()),
    FASTEST,
    Setting('superfast', x264=X264Settings('superfast', 'aq-mode=0')),
    Setting('veryfast', x264=X264Settings('veryfast', 'aq-mode=0')),
    VP8,
)
'Costs are compared with those of FASTEST.'


@dataclass(frozen=True)
class Encode:
    """The outcome of encoding a clip once; times are in seconds."""

    frames: Frames
    cpu: float
    walls: Sequence[float]


def measure(pictures: Sequence[av.VideoFrame], bitrate: int, rounds: int) -> list[Record]:
    """Return the quality, the bits and the cost of each setting, which take turns."""
    turns = [
        {setting: encode(setting, pictures, bitrate) for setting in SETTINGS}
        for _ in range(rounds)
    ]
    return [record(setting, pictures, turns) for setting in SETTINGS]


def record(
    setting: Setting,
    pictures: Sequence[av.VideoFrame],
    turns: Sequence[Mapping[Setting, Encode]],
) -> Record:
    """Return the outcome of one setting."""
    frames = turns[-1][setting].frames
    shown = decoded(setting.codec, frames)
    pairs = zip(pictures[::SCORED], shown[::SCORED], strict=True)
    scores = [score(a, b) for a, b in pairs]
    bits = 8 * sum(len(frame) for frame in frames if frame)
    return {
        'setting': setting.name,
        'psnr': float(np.mean([psnr for psnr, _ in scores])),
        'ssim': float(np.mean([ssim for _, ssim in scores])),
        'kbits': bits / 1000 * FPS / len(pictures),
        'cpu_ms': 1000 * statistics.median(turn[setting].cpu for turn in turns) / len(pictures),
        'cpu': statistics.median(turn[setting].cpu / turn[FASTEST].cpu for turn in turns),
        'wall': statistics.median(
            statistics.median(turn[setting].walls) / statistics.median(turn[FASTEST].walls)
            for turn in turns
        ),
    }


def encode(setting: Setting, pictures: Sequence[av.VideoFrame], bitrate: int) -> Encode:
    """Encode `pictures` once."""
    if setting.gstreamer:
        return Encode(*gstreamer_quality.encode(pictures, bitrate))
    encoder = Encoder(Encoding(setting.codec), FPS, bitrate, setting.x264)
    frames: list[bytes | None] = []
    walls, before = [], time.process_time()
    for number, picture in enumerate(pictures):
        start = time.perf_counter()
        captured = CapturedFrame(picture, number * 1_000_000_000 // FPS)
        frame = encoder.encode(captured, number * CLOCK_RATE // FPS)
        walls.append(time.perf_counter() - start)
        frames.append(frame.data if frame else None)
    return Encode(frames, time.process_time() - before, walls)


def decoded(codec: Codec, frames: Frames) -> list[av.VideoFrame]:
    """Return what a viewer sees; a skipped picture leaves the last one."""
    decoder = open_decoder(codec)
    shown: list[av.VideoFrame] = []
    for frame in frames:
        pictures = decoder.decode(av.Packet(frame)) if frame else []
        shown.append(pictures[-1] if pictures else shown[-1])
    return shown


def score(picture: av.VideoFrame, shown: av.VideoFrame) -> tuple[float, float]:
    """Return PSNR in dB and SSIM (Wang et al., 2004, windows of 8x8 pixels) of luma."""
    a, b = (plane_pixels(each.planes[0]).astype(np.float32) for each in (picture, shown))
    error = float(np.mean((a - b) ** 2))
    return 10 * float(np.log10(255**2 / max(error, 1e-3))), ssim(a, b)


def ssim(a: np.ndarray, b: np.ndarray) -> float:
    """Return the structural similarity of two planes."""
    c1, c2 = (0.01 * 255) ** 2, (0.03 * 255) ** 2
    mean_a, mean_b, aa, bb, ab = (cv2.blur(each, (8, 8)) for each in (a, b, a * a, b * b, a * b))
    products = mean_a * mean_b
    similar = (2 * products + c1) * (2 * (ab - products) + c2)
    different = (mean_a**2 + mean_b**2 + c1) * (aa - mean_a**2 + bb - mean_b**2 + c2)
    return float(np.mean(similar / different))
