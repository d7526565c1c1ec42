"""An rclpy subscriber of image_raw whose callback takes PAUSE seconds; prints each one's age."""

import sys
import time

import rclpy
from rclpy.qos import QoSProfile
from sensor_msgs.msg import Image


def main(pause: float) -> None:
    def on_image(image: Image) -> None:
        stamp = image.header.stamp
        age = time.time_ns() - stamp.sec * 1_000_000_000 - stamp.nanosec
        print('age:', age // 1_000_000, flush=True)
        time.sleep(pause)

    rclpy.init()
    node = rclpy.create_node('slow_subscriber')
    node.create_subscription(Image, 'image_raw', on_image, QoSProfile(depth=1))
    rclpy.spin(node)


if __name__ == '__main__':
    main(float(sys.argv[1]))
