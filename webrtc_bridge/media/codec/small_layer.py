"""The small layer: half-size pictures, and fewer of them, for viewers with a slow link."""

from dataclasses import replace

import av
from av.video.reformatter import Interpolation, VideoReformatter

from webrtc_bridge.media.codec.frame_decimation import FrameDecimator, small_size
from webrtc_bridge.media.frames import CapturedFrame


class SmallLayer:
    """
    Make the pictures of the small layer, half as wide and high. For one thread.

    `fps` is its rate, which is lower than the source's if there are too few bits for all pictures.
    """

    def __init__(self, fps: float) -> None:
        self._decimator = FrameDecimator(fps)
        self._reformatter = VideoReformatter()

    @property
    def fps(self) -> float:
        """The rate of its pictures."""
        return self._decimator.fps / self._decimator.value

    def configure(self, fps: float) -> None:
        """Take pictures that come at this rate from now on."""
        self._decimator.fps = fps

    def take(self, frame: CapturedFrame, bitrate: int, keyframe: bool) -> CapturedFrame | None:
        """Return `frame` at half size; None if it is left out because `bitrate` is too low."""
        if not (self._decimator.is_due() or keyframe):
            return None
        width, height = small_size(frame.picture.width, frame.picture.height)
        self._decimator.restart()
        self._decimator.configure(width, height, bitrate)
        picture = self._scaled(frame.picture, width, height)
        return replace(frame, picture=picture)

    def _scaled(self, picture: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
        return self._reformatter.reformat(
            picture, width, height, 'yuv420p', interpolation=Interpolation.FAST_BILINEAR
        )
