"""Convert pictures of a source to the format that encoders accept."""

import av
from av.video.reformatter import Colorspace, VideoReformatter

from webrtc_bridge.media.pixels.colours import (
    BT470BG,
    FULL,
    SMPTE170M,
    SRGB_AS_BT601,
    Colours,
    colours_of,
    declare,
)
from webrtc_bridge.media.pixels.planes import plane_pixels
from webrtc_bridge.media.pixels.rematrix import Rematrix

BT601 = (BT470BG, SMPTE170M)


class ToYuv420p:
    """
    Convert pictures of one source to yuv420p of limited range with even width and height.

    The matrix stays that of the source, and the picture declares its colours in full, as the
    encoder then does. With `bt601` it becomes that of BT.601, the only one that VP8 knows. The
    range is limited because decoders assume that if a stream does not declare it. An odd width
    or height loses its last column or row: cropping costs a copy; scaling by one pixel would cost
    a filter and blur the picture. For one thread.

    Pictures without a matrix are judged by their size, unless `untagged` says what they have.
    """

    def __init__(self, *, bt601: bool = False, untagged: int | None = None) -> None:
        self._bt601 = bt601
        self._untagged = untagged
        # A reformatter keeps swscale's tables from frame to frame; a new one costs 1 ms at 720p.
        self._reformatter = VideoReformatter()
        self._rematrix = Rematrix()

    def convert(self, picture: av.VideoFrame) -> av.VideoFrame:
        """Return `picture`, or a new one if it does not fit, with all of its colours declared."""
        colours = colours_of(picture, self._untagged)
        if self._bt601 and colours.matrix not in BT601:
            picture = self._in_bt601(picture, colours)
            colours = colours._replace(matrix=SMPTE170M)
        elif picture.format.name != 'yuv420p' or picture.color_range == FULL:
            if is_without_matrix(picture.format):
                colours = SRGB_AS_BT601
            picture = self._reformatted(picture, colours)
        if picture.width % 2 or picture.height % 2:
            picture = _cropped(picture, picture.width & ~1, picture.height & ~1)
        declare(picture, colours)
        return picture

    def _in_bt601(self, picture: av.VideoFrame, colours: Colours) -> av.VideoFrame:
        if is_without_matrix(picture.format):
            return self._reformatted(picture, SRGB_AS_BT601)
        if picture.format.name != 'yuv420p':
            picture = self._reformatted(picture, colours)
        return self._rematrix.convert(picture, colours.matrix, SMPTE170M)

    def _reformatted(self, picture: av.VideoFrame, colours: Colours) -> av.VideoFrame:
        # swscale refuses matrices that it does not know, such as YCgCo.
        matrix = Colorspace.ITU601 if colours.matrix in BT601 else Colorspace(colours.matrix)
        return self._reformatter.reformat(
            picture,
            format='yuv420p',
            src_colorspace=matrix,
            dst_colorspace=matrix,
            dst_color_range='MPEG',
        )


def is_without_matrix(pixels: av.VideoFormat) -> bool:
    """Return whether `pixels` are grey, or red, green and blue."""
    return pixels.is_rgb or pixels.has_palette or len(pixels.components) < 3


def _cropped(picture: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
    """Return a copy of the upper left `width` x `height` of `picture`, both in yuv420p."""
    smaller = av.VideoFrame(width, height, 'yuv420p')
    for source, target in zip(picture.planes, smaller.planes, strict=True):
        plane_pixels(target)[:] = plane_pixels(source)[: target.height, : target.width]
    return smaller
