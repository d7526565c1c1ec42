"""Sources as cameras open them."""

from webrtc_bridge.media.capture.opener import opener
from webrtc_bridge.options import SourceOptions


def first_pictures(path, count, **options):
    """Return the first `count` frames of the source `path`."""
    source = opener(SourceOptions(source=str(path)), **options)()
    frames = []
    try:
        while len(frames) < count:
            if frame := source.read():
                frames.append(frame)
    finally:
        source.close()
    return frames
