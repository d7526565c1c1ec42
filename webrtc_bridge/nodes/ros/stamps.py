"""Convert between the headers of messages and times in nanoseconds."""

import time

from builtin_interfaces.msg import Time
from rclpy.clock import ROSClock
from std_msgs.msg import Header

from webrtc_bridge.media.frames import SourceHeader

NANOSECONDS = 1_000_000_000


def header(frame_id: str, stamp_ns: int) -> Header:
    """Return the header of a picture in frame `frame_id`, with that stamp."""
    made = Header(frame_id=frame_id)
    made.stamp.sec, made.stamp.nanosec = divmod(stamp_ns, NANOSECONDS)
    return made


def nanoseconds(stamp: Time) -> int:
    """Return `stamp` in nanoseconds."""
    return int(stamp.sec * NANOSECONDS + stamp.nanosec)


def source_header(header: Header, clock: ROSClock) -> SourceHeader:
    """Return `header`, of a message to a node with `clock`, as it is sent."""
    simulated = bool(clock.ros_time_is_active)
    return SourceHeader(nanoseconds(header.stamp), header.frame_id, simulated)


def capture_ns(header: SourceHeader) -> int:
    """Return the stamp of `header`; the time now if it is unset, before 1970 or simulated."""
    is_known = header.stamp_ns > 0 and not header.simulated
    return header.stamp_ns if is_known else time.time_ns()
