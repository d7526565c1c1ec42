"""The H.264 of a source that viewers can show as it is."""

import logging

from av.video.stream import VideoStream

from webrtc_bridge.media.h264.packets import H264Packets, packets_to_pass
from webrtc_bridge.media.pixels.pixel_aspect import is_square

logger = logging.getLogger(__name__)


def packets_as_they_are(name: str, stream: VideoStream) -> H264Packets | None:
    """Return the packets to pass through; None, with the reason logged, if that is impossible."""
    packets = packets_to_pass(name, stream)
    aspect = stream.sample_aspect_ratio
    if packets and aspect and not is_square(aspect):
        ratio = f'{aspect.numerator}:{aspect.denominator}'
        text = '%s: transcoding its H.264: its pixels are not square (%s); viewers ignore that'
        logger.info(text, name, ratio)
        return None
    return packets
