"""Pictures in the layout that encoders take."""

import av
from av.video.reformatter import ColorRange, VideoReformatter


class EncoderInput:
    """
    Bring pictures of any format and size to yuv420p with even sides, as encoders need them.

    Their range is the limited one, which a decoder takes them to have.
    """

    def __init__(self) -> None:
        # A reformatter keeps swscale's tables from frame to frame; a fresh one costs 1 ms at 720p.
        self._reformatter = VideoReformatter()

    def convert(self, picture: av.VideoFrame) -> av.VideoFrame:
        """Return `picture` itself where it fits already; an odd side is scaled by one pixel."""
        width, height = picture.width & ~1, picture.height & ~1
        fits = picture.format.name == 'yuv420p' and picture.color_range != ColorRange.JPEG
        if fits and (width, height) == (picture.width, picture.height):
            return picture
        return self._reformatter.reformat(
            picture, width, height, 'yuv420p', dst_color_range='MPEG'
        )
