"""
A patch to aiortc's codecs: H.264 in the Main and High profiles, and in packetization mode 0.

It offers and accepts none of them, though FFmpeg decodes them all.
"""

import copy

from aiortc import RTCRtpCodecParameters
from aiortc.codecs import CODECS
from aiortc.rtcrtpparameters import RTCRtpCodecCapability, RTCRtpSendParameters

from webrtc_bridge.media.codec.profile_choice import HIGH_PROFILES

MAIN = '4d001f'
'The value of `profile-level-id` (RFC 6184, section 8.1) for the Main profile.'

MODE = 'packetization-mode'
"""
In mode 0 each NAL unit has a packet of its own, which mode 1 allows, too (RFC 6184, section 6.2).
"""

PROFILE = 'profile-level-id'


def accept_h264_profiles() -> None:
    """Add what is missing to the codecs of all connections, behind the others. Idempotent."""
    codecs = CODECS['video']
    if any(is_high(codec) for codec in codecs):
        return
    known = [codec for codec in codecs if PROFILE in codec.parameters]
    profiles = [codec.parameters[PROFILE] for codec in known]
    again = next(c for c in codecs if c.parameters.get('apt') == known[0].payloadType)
    others = [(profile, '1') for profile in (*HIGH_PROFILES, MAIN)]
    single = [(profile, '0') for profile in (*profiles, *HIGH_PROFILES, MAIN)]
    for profile, mode in others + single:
        payload_type = 1 + max(codec.payloadType or 0 for codec in codecs)
        added, added_again = copy.deepcopy(known[0]), copy.deepcopy(again)
        added.payloadType, added_again.payloadType = payload_type, payload_type + 1
        added.parameters |= {PROFILE: profile, MODE: mode}
        added_again.parameters['apt'] = payload_type
        codecs += [added, added_again]


def is_high(codec: RTCRtpCodecCapability | RTCRtpCodecParameters) -> bool:
    """Return whether `codec` is H.264 in the High profile."""
    return codec.parameters.get(PROFILE) in HIGH_PROFILES


def is_sent(codec: RTCRtpCodecCapability) -> bool:
    """Return whether `codec` is one that our senders make: not Main, not packetization mode 0."""
    return codec.parameters.get(PROFILE) != MAIN and codec.parameters.get(MODE) != '0'


def accepts_high(parameters: RTCRtpSendParameters) -> bool:
    """Return whether the codec that was negotiated is H.264 in the High profile."""
    return is_high(parameters.codecs[0])
