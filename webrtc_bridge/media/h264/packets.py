"""Make access units of the H.264 packets of a container, to pass them through."""

import logging

import av
from av.bitstream import BitStreamFilterContext
from av.video.stream import VideoStream

from webrtc_bridge.media.h264.units import SPS, START_CODE, Profile, kind, nal_units

logger = logging.getLogger(__name__)


class H264Packets:
    """Convert the packets of `stream` to the byte stream format; parameter sets come first."""

    def __init__(self, stream: VideoStream) -> None:
        # Files put lengths before NAL units; what already is a byte stream stays as it is.
        self._filter = BitStreamFilterContext('h264_mp4toannexb', stream)
        extradata = stream.codec_context.extradata or b''
        # They are in the stream's description (SDP), and perhaps never in the stream.
        self._parameter_sets = extradata if START_CODE in extradata[:4] else b''

    def access_unit(self, packet: 'av.Packet[VideoStream]') -> bytes:
        """Return the access unit in `packet`; empty if there is none."""
        data = b''.join(bytes(filtered) for filtered in self._filter.filter(packet))
        sets, self._parameter_sets = self._parameter_sets, b''
        return data if has_parameter_sets(data) else sets + data


def has_parameter_sets(data: bytes) -> bool:
    """Return whether the access unit `data` contains parameter sets."""
    return any(kind(unit) == SPS for unit in nal_units(data))


def packets_to_pass(name: str, stream: VideoStream) -> H264Packets | None:
    """Return the packets to pass through; None, with the reason logged, if that is impossible."""
    codec = stream.codec_context
    if not is_h264(stream):
        logger.info('%s: transcoding its %s', name, codec.name)
        return None
    profile = declared_profile(codec.extradata or b'')
    if profile is None or not profile.is_baseline:
        profile_name = str(profile) if profile else 'of an undeclared profile'
        logger.info(
            '%s: transcoding its H.264 %s: only Constrained Baseline is accepted by all viewers',
            name,
            profile_name,
        )
        return None
    return H264Packets(stream)


def is_h264(stream: VideoStream) -> bool:
    """Return whether `stream` is H.264."""
    return stream.codec_context.name == 'h264'


def declared_profile(extradata: bytes) -> Profile | None:
    """Return the profile that a stream's `extradata`, in either format, declares, if any."""
    if extradata[:1] == b'\1':
        # ISO/IEC 14496-15, 5.3.3.1: the three bytes after the version are those of the SPS.
        return Profile(extradata[:4])
    return next((Profile(unit) for unit in nal_units(extradata) if kind(unit) == SPS), None)
