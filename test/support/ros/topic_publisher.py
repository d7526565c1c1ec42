"""An ordinary rclpy publisher of images."""

import array

import rclpy
from builtin_interfaces.msg import Time
from rclpy.qos import QoSProfile
from rosgraph_msgs.msg import Clock
from sensor_msgs.msg import CompressedImage, Image

SECOND = 1_000_000_000


class TopicPublisher:
    """Publishes on `topic`, from a context of its own; use it with `with`."""

    def __init__(self, topic='image_raw', message_type=Image, qos=None):
        self._context = rclpy.Context()
        rclpy.init(context=self._context)
        self._node = rclpy.create_node('publishes', context=self._context)
        qos = qos or QoSProfile(depth=10)
        self._publisher = self._node.create_publisher(message_type, topic, qos)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._node.destroy_node()
        self._context.try_shutdown()

    @property
    def subscribers(self):
        return self._publisher.get_subscription_count()

    def publish(self, image, stamp_ns, frame_id=''):
        """Publish a `RawImage`."""
        message = message_of(image)
        message.header.frame_id = frame_id
        self._publish(message, stamp_ns)

    def publish_compressed(self, data, format_name, stamp_ns):
        """Publish `data` of format `format_name`."""
        message = CompressedImage(format=format_name, data=array.array('B', data))
        self._publish(message, stamp_ns)

    def _publish(self, message, stamp_ns):
        message.header.stamp.sec, message.header.stamp.nanosec = divmod(stamp_ns, SECOND)
        self._publisher.publish(message)


class ClockPublisher(TopicPublisher):
    """Publishes the time of a simulation."""

    def __init__(self):
        super().__init__('/clock', Clock)

    def set(self, time_ns):
        """Tell all nodes the time."""
        time = Time()
        time.sec, time.nanosec = divmod(time_ns, SECOND)
        self._publisher.publish(Clock(clock=time))


def message_of(image):
    """Return a `RawImage` as a message without a stamp."""
    return Image(
        encoding=image.encoding,
        width=image.width,
        height=image.height,
        step=image.step,
        is_bigendian=int(image.is_bigendian),
        data=array.array('B', bytes(image.data)),
    )
