"""The header that all messages of one picture share."""

from std_msgs.msg import Header

NANOSECONDS = 1_000_000_000


def header(frame_id: str, stamp_ns: int) -> Header:
    """Return the header of what was taken in `frame_id` at `stamp_ns`, Unix nanoseconds."""
    made = Header(frame_id=frame_id)
    made.stamp.sec, made.stamp.nanosec = divmod(stamp_ns, NANOSECONDS)
    return made
