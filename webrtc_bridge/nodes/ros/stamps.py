"""Convert between the stamps of message headers and Unix time in nanoseconds."""

import time

from std_msgs.msg import Header

NANOSECONDS = 1_000_000_000

END_OF_NTP = 2_085_978_496
'Seconds from 1970 to 2036, when the 32 bits of the NTP timestamps in RTCP overflow.'


def header(frame_id: str, stamp_ns: int) -> Header:
    """Return the header of a picture taken in `frame_id` at `stamp_ns`."""
    made = Header(frame_id=frame_id)
    made.stamp.sec, made.stamp.nanosec = divmod(stamp_ns, NANOSECONDS)
    return made


def capture_ns(header: Header) -> int:
    """Return the stamp of `header`, or the time now if RTCP cannot carry the stamp."""
    stamp = header.stamp
    if 0 <= stamp.sec < END_OF_NTP and (stamp.sec or stamp.nanosec):
        return int(stamp.sec * NANOSECONDS + stamp.nanosec)
    return time.time_ns()
