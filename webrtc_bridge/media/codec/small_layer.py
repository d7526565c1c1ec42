"""The smaller pictures for viewers whose link does not carry the full ones."""

import av
from av.video.reformatter import Interpolation, VideoReformatter

from webrtc_bridge.media.codec.frame_decimation import FrameDecimator, small_size
from webrtc_bridge.media.frames import CapturedFrame


class SmallLayer:
    """
    Makes the small layer of a stream of pictures: half as wide and high. For one thread.

    `fps` is its rate, which is lower where there are too few bits for all pictures.
    """

    def __init__(self, fps: float) -> None:
        self.fps = self._full_fps = fps
        self._interval = FrameDecimator(fps)
        self._reformatter = VideoReformatter()

    def take(self, frame: CapturedFrame, bitrate: int, keyframe: bool) -> CapturedFrame | None:
        """Return `frame` made small; None where `bitrate` is too low for so many pictures."""
        if not (self._interval.is_due() or keyframe):
            return None
        width, height = small_size(frame.picture.width, frame.picture.height)
        self._interval.begin_anew()
        self._interval.follow(width, height, bitrate)
        self.fps = self._full_fps / self._interval.value
        picture = self._scaled(frame.picture, width, height)
        return CapturedFrame(picture, frame.capture_ns, frame.passed_as)

    def _scaled(self, picture: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
        return self._reformatter.reformat(
            picture, width, height, 'yuv420p', interpolation=Interpolation.FAST_BILINEAR
        )
