"""A patch to aiortc's codecs: H.264 in the High profile, which it neither offers nor accepts."""

import copy

from aiortc import RTCRtpCodecParameters
from aiortc.codecs import CODECS
from aiortc.rtcrtpparameters import RTCRtpCodecCapability, RTCRtpSendParameters

PROFILES = ('64001f', '640c1f', 'f4001f')
"""
Values of `profile-level-id` (RFC 6184, section 8.1) for decoders of the High profile. Phones
declare Constrained High, which has no interlacing and no B-frames: x264 uses neither here.
Chromium's software decoder declares High 4:4:4 Predictive, which includes High (ITU-T H.264,
A.2.11), and not High itself.
"""

PROFILE = 'profile-level-id'


def offer_high_profile() -> None:
    """Add the High profile to the codecs of all connections, behind the others. Idempotent."""
    codecs = CODECS['video']
    if any(is_high(codec) for codec in codecs):
        return
    baseline = next(codec for codec in codecs if PROFILE in codec.parameters)
    again = next(c for c in codecs if c.parameters.get('apt') == baseline.payloadType)
    for profile in PROFILES:
        payload_type = 1 + max(codec.payloadType or 0 for codec in codecs)
        high, high_again = copy.deepcopy(baseline), copy.deepcopy(again)
        high.payloadType, high_again.payloadType = payload_type, payload_type + 1
        high.parameters[PROFILE] = profile
        high_again.parameters['apt'] = payload_type
        codecs += [high, high_again]


def is_high(codec: RTCRtpCodecCapability | RTCRtpCodecParameters) -> bool:
    """Return whether `codec` is H.264 in the High profile."""
    return codec.parameters.get(PROFILE) in PROFILES


def accepts_high(parameters: RTCRtpSendParameters) -> bool:
    """Return whether the codec that was negotiated is H.264 in the High profile."""
    return is_high(parameters.codecs[0])
