"""Pictures of a source as viewers should see them: upright, with square pixels, in yuv420p."""

from fractions import Fraction

import av
from av.video.reformatter import VideoReformatter

from webrtc_bridge.media.pixels.colours import colours_of, declare
from webrtc_bridge.media.pixels.pixel_aspect import is_square, square_size
from webrtc_bridge.media.pixels.to_yuv420p import ToYuv420p
from webrtc_bridge.media.pixels.upright import UPRIGHT, Upright, turn_of


class SourcePictures:
    """
    Convert the pictures of one source for its viewers.

    `aspect` is the ratio of a pixel's width to its height. `untagged` is the matrix of pictures
    that name none; None: that depends on their size. For one thread.
    """

    def __init__(self, aspect: Fraction | None = None, untagged: int | None = None) -> None:
        self._to_yuv420p = ToYuv420p(untagged=untagged)
        self._aspect = None if aspect is None or is_square(aspect) else aspect
        self._reformatter = VideoReformatter()
        self._upright = Upright()

    def convert(self, picture: av.VideoFrame) -> av.VideoFrame:
        """Return `picture` itself if it fits already, else a new one."""
        turn = turn_of(picture)
        picture = self._to_yuv420p.convert(picture)
        if self._aspect is None and turn == UPRIGHT:
            return picture
        colours = colours_of(picture)
        if self._aspect is not None:
            size = square_size(picture.width, picture.height, self._aspect)
            picture = self._reformatter.reformat(picture, *size)
        if turn != UPRIGHT:
            picture = self._upright.turned(picture, turn)
        declare(picture, colours)
        return picture
