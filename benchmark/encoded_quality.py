"""The quality of encoded pictures, and what encoding them costs."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import av
import cv2
import numpy as np

from benchmark.plan import FPS
from benchmark.run import Record
from webrtc_bridge.media.codec.decoding_thread import open_decoder
from webrtc_bridge.media.codec.encoder import Encoder
from webrtc_bridge.media.codec.x264_settings import DEFAULT, X264Settings
from webrtc_bridge.media.frames import CapturedFrame, Codec, EncodedFrame, Encoding
from webrtc_bridge.media.pixels.planes import plane_pixels
from webrtc_bridge.media.rtp.rtp_time import CLOCK_RATE


@dataclass(frozen=True)
class Setting:
    """A way to encode."""

    name: str
    codec: Codec = Codec.H264
    x264: X264Settings = DEFAULT


OURS, VP8 = Setting('H.264, ours'), Setting('VP8, ours', Codec.VP8)
SETTINGS = (
    OURS,
    Setting('ultrafast', x264=X264Settings('ultrafast', 'aq-mode=0')),
    Setting('superfast', x264=X264Settings('superfast', 'aq-mode=0')),
    Setting('veryfast', x264=X264Settings('veryfast', 'aq-mode=0')),
    VP8,
)


def measure(setting: Setting, pictures: Sequence[av.VideoFrame], bitrate: int) -> Record:
    """Return the quality, the bits, and the time that encoding took."""
    frames, cpu, walls = encode(setting, pictures, bitrate)
    shown = decoded(setting.codec, frames)
    scores = [score(a, b) for a, b in zip(pictures, shown, strict=True)]
    bits = 8 * sum(len(frame.data) for frame in frames if frame)
    return {
        'setting': setting.name,
        'psnr': float(np.mean([psnr for psnr, _ in scores])),
        'ssim': float(np.mean([ssim for _, ssim in scores])),
        'kbits': bits / 1000 * FPS / len(pictures),
        'cpu_ms': 1000 * cpu / len(pictures),
        'wall_ms': 1000 * float(np.median(walls)),
    }


def encode(
    setting: Setting, pictures: Sequence[av.VideoFrame], bitrate: int
) -> tuple[list[EncodedFrame | None], float, list[float]]:
    """Return the frames, None for a skipped one, the CPU time and each wall time in seconds."""
    encoder = Encoder(Encoding(setting.codec), FPS, bitrate, setting.x264)
    frames, walls, before = [], [], time.process_time()
    for number, picture in enumerate(pictures):
        start = time.perf_counter()
        captured = CapturedFrame(picture, number * 1_000_000_000 // FPS)
        frames.append(encoder.encode(captured, number * CLOCK_RATE // FPS))
        walls.append(time.perf_counter() - start)
    return frames, time.process_time() - before, walls


def decoded(codec: Codec, frames: Sequence[EncodedFrame | None]) -> list[av.VideoFrame]:
    """Return what a viewer sees; a skipped picture leaves the last one."""
    decoder = open_decoder(codec)
    shown: list[av.VideoFrame] = []
    for frame in frames:
        pictures = decoder.decode(av.Packet(frame.data)) if frame else []
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
