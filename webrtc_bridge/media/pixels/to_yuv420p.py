"""Convert pictures of a source to the format that encoders accept."""

import av
from av.video.reformatter import ColorRange, VideoReformatter

from webrtc_bridge.media.pixels.planes import plane_pixels


class ToYuv420p:
    """
    Convert pictures of one source to yuv420p of limited range with even width and height.

    The range is limited because decoders assume that if a stream does not declare it. An odd width
    or height loses its last column or row: cropping costs a copy; scaling by one pixel would cost
    a filter and blur the picture. For one thread.
    """

    def __init__(self) -> None:
        # A reformatter keeps swscale's tables from frame to frame; a new one costs 1 ms at 720p.
        self._reformatter = VideoReformatter()

    def convert(self, picture: av.VideoFrame) -> av.VideoFrame:
        """Return `picture` itself if it fits already, else a new one."""
        if picture.format.name != 'yuv420p' or picture.color_range == ColorRange.JPEG:
            picture = self._reformatter.reformat(picture, format='yuv420p', dst_color_range='MPEG')
        if picture.width % 2 or picture.height % 2:
            picture = _cropped(picture, picture.width & ~1, picture.height & ~1)
        return picture


def _cropped(picture: av.VideoFrame, width: int, height: int) -> av.VideoFrame:
    """Return a copy of the upper left `width` x `height` of `picture`, both in yuv420p."""
    smaller = av.VideoFrame(width, height, 'yuv420p')
    smaller.color_range = picture.color_range
    smaller.colorspace = picture.colorspace
    for source, target in zip(picture.planes, smaller.planes, strict=True):
        plane_pixels(target)[:] = plane_pixels(source)[: target.height, : target.width]
    return smaller
