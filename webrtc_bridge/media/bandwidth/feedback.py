"""RTCP feedback of a viewer about the packets it receives."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Feedback:
    """
    The content of one RTCP packet; None for what it does not contain.

    `bitrate_estimate` is the viewer's estimate of its link in bit/s (REMB); `fraction_lost` is the
    fraction of packets, from 0 to 1, lost since the viewer's last report (RFC 3550 section 6.4.1);
    `round_trip` is in seconds, above 0.
    """

    bitrate_estimate: int | None = None
    fraction_lost: float | None = None
    round_trip: float | None = None


NOTHING = Feedback()
'The content of RTCP that says nothing about the link.'
