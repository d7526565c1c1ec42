"""The headers of a receiver's messages."""

from rclpy.clock import ROSClock
from std_msgs.msg import Header

from webrtc_bridge.media.frames import SourceHeader
from webrtc_bridge.nodes.ros.ros_names import with_name
from webrtc_bridge.nodes.ros.stamps import header
from webrtc_bridge.options import ReceiverOptions


class Headers:
    """
    Choose stamp and frame of each picture, as `options` say; from any thread.

    While `clock` is simulated (`use_sim_time`), the system's time means nothing to subscribers:
    the time of capture is then the stamp of a sender whose clock is simulated, too, and the time
    of arrival, also in place of a stamp that is unknown, is that of `clock`.
    """

    def __init__(self, clock: ROSClock, options: ReceiverOptions) -> None:
        self._clock = clock
        self._choice = options.stamp
        self._frame_id = options.frame_id

    def of(self, stamp_ns: int, sender_id: str, source: SourceHeader | None) -> Header:
        """Return the header of a picture of a sender, with its stamp in system time."""
        frame_id = with_name(self._frame_id, sender_id)
        if source and self._choice == 'sender':
            return header(source.frame_id or frame_id, source.stamp_ns)
        if self._clock.ros_time_is_active:
            stamp_ns = self._simulated(source)
        return header(frame_id, stamp_ns)

    def _simulated(self, source: SourceHeader | None) -> int:
        if source and source.simulated and source.stamp_ns and self._choice != 'receive':
            return source.stamp_ns
        return int(self._clock.now().nanoseconds)
