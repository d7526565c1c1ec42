"""The colours that H.264 declares once it is passed through."""

from webrtc_bridge.media.h264.video_signal import VideoSignal, declaring
from webrtc_bridge.media.pixels.colours import SMPTE170M, Colours, usual_matrix


def with_colours(data: bytes) -> bytes:
    """
    Return the access unit `data`; HD video that declares no matrix declares BT.709 from now on.

    Every player guesses by its own rule: browsers and ffplay take that, FFmpeg's converter and
    OpenCV take BT.601. All other access units stay as they are.
    """
    return declaring(data, _signal_for)


def _signal_for(height: int) -> VideoSignal | None:
    colours = Colours(usual_matrix(height))
    if colours.matrix == SMPTE170M:
        return None
    return VideoSignal(False, colours.primaries, colours.transfer, colours.matrix)
