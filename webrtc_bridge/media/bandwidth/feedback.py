"""RTCP feedback of a viewer about the packets it receives."""

from dataclasses import dataclass
from typing import NamedTuple

from webrtc_bridge.media.rtp.sent_packets import PacketResult


class PacketCounts(NamedTuple):
    """
    The number of the newest packet that a viewer has received, and how many were lost in all.

    The first counts on beyond 65535, up to 32 bits (RFC 3550 section 6.4.1).
    """

    highest: int
    lost: int


@dataclass(frozen=True, slots=True)
class Feedback:
    """
    The content of one RTCP packet; None for what it does not contain.

    `bitrate_estimate` is the viewer's estimate of its link in bit/s (REMB); `packets` counts what
    came and what was lost since the beginning; `round_trip` is in seconds, above 0;
    `packet_results` is the fate of each of some packets (transport-wide feedback).
    """

    bitrate_estimate: int | None = None
    packets: PacketCounts | None = None
    round_trip: float | None = None
    packet_results: tuple[PacketResult, ...] = ()


NOTHING = Feedback()
'The content of RTCP that says nothing about the link.'
