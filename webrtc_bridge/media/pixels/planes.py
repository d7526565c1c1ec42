"""The planes of a picture as numpy arrays."""

import av
import numpy as np

from webrtc_bridge.media.pixels.raw_image import Pixels


def plane_rows(plane: av.video.plane.VideoPlane) -> Pixels:
    """Return the rows of `plane` with their padding, of shape (height, line_size); a view."""
    pixels: Pixels = np.frombuffer(memoryview(plane), np.uint8)
    return pixels[: plane.height * plane.line_size].reshape(plane.height, plane.line_size)


def plane_pixels(plane: av.video.plane.VideoPlane) -> Pixels:
    """Return `plane` without padding, of shape (height, width); a view."""
    return plane_rows(plane)[:, : plane.width]
