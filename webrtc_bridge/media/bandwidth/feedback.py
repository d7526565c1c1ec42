"""What a viewer says about the packets it gets."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Feedback:
    """
    One RTCP packet's news; None is what it does not tell.

    `bitrate_estimate` is what the way to the viewer carries, in bit/s (REMB); `fraction_lost` is
    the part of the packets, 0 to 1, lost since the viewer's last report (RFC 3550 section 6.4.1);
    `round_trip` is in seconds.
    """

    bitrate_estimate: int | None = None
    fraction_lost: float | None = None
    round_trip: float | None = None
