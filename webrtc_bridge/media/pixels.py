"""Pictures in the layout that encoders take."""

import av
from av.video.reformatter import VideoReformatter


class EncoderInput:
    """Bring pictures of any format and size to yuv420p with even sides, as encoders need them."""

    def __init__(self) -> None:
        # A reformatter keeps swscale's tables from frame to frame; a fresh one costs 1 ms at 720p.
        self._reformatter = VideoReformatter()

    def convert(self, picture: av.VideoFrame) -> av.VideoFrame:
        """Return `picture` itself where it fits already; an odd side is scaled by one pixel."""
        width, height = picture.width & ~1, picture.height & ~1
        if picture.format.name == 'yuv420p' and (width, height) == (picture.width, picture.height):
            return picture
        return self._reformatter.reformat(picture, width, height, 'yuv420p')
