"""The header of RTP, which SRTP leaves in the clear."""

from dataclasses import dataclass

RTCP_TYPES = range(192, 224)
'Second bytes that tell RTCP from RTP (RFC 5761, section 4).'


@dataclass(frozen=True, slots=True)
class RtpHeader:
    """The part of a packet that SRTP leaves in the clear; `resent` is of RFC 4588."""

    payload_type: int
    marker: bool
    sequence: int
    timestamp: int
    ssrc: int
    resent: bool


def rtp_header(data: bytes, resent_types: frozenset[int] = frozenset()) -> RtpHeader | None:
    """Return the header if `data` is RTP, not RTCP, STUN or DTLS (RFC 7983)."""
    if len(data) < 12 or not 128 <= data[0] <= 191 or data[1] in RTCP_TYPES:
        return None
    payload_type = data[1] & 0x7F
    return RtpHeader(
        payload_type,
        bool(data[1] & 0x80),
        int.from_bytes(data[2:4], 'big'),
        int.from_bytes(data[4:8], 'big'),
        int.from_bytes(data[8:12], 'big'),
        payload_type in resent_types,
    )
