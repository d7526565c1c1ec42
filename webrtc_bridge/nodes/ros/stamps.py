"""Convert between the stamps of message headers and Unix time in nanoseconds."""

import time

from std_msgs.msg import Header

NANOSECONDS = 1_000_000_000


def header(frame_id: str, stamp_ns: int) -> Header:
    """Return the header of a picture taken in `frame_id` at `stamp_ns`."""
    made = Header(frame_id=frame_id)
    made.stamp.sec, made.stamp.nanosec = divmod(stamp_ns, NANOSECONDS)
    return made


def capture_ns(header: Header) -> int:
    """Return the stamp of `header`, or the time now if that is not set, or before 1970."""
    stamp = header.stamp
    if stamp.sec > 0 or (stamp.sec == 0 and stamp.nanosec):
        return int(stamp.sec * NANOSECONDS + stamp.nanosec)
    return time.time_ns()
