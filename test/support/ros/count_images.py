"""
Counts images like any subscriber, with no profile: reliable|best_effort COUNT.

Prints `matched` when it has found the publisher, and in the end how many came.
"""

import sys
import time

import rclpy
from rclpy.qos import QoSProfile, ReliabilityPolicy
from sensor_msgs.msg import Image

SILENCE = 3.0
'Seconds without an image, after the first or the match, after which no more will come.'

reliability, wanted = sys.argv[1], int(sys.argv[2])
rclpy.init()
node = rclpy.create_node('counts')
sizes = []
newest = time.monotonic()


def on_image(message: Image) -> None:
    global newest
    newest = time.monotonic()
    sizes.append((message.width, message.height, len(message.data)))


profile = QoSProfile(depth=10, reliability=ReliabilityPolicy[reliability.upper()])
subscription = node.create_subscription(Image, 'image_raw', on_image, profile)
while not subscription.get_publisher_count():
    rclpy.spin_once(node, timeout_sec=0.05)
print('matched', flush=True)
newest = time.monotonic()
while len(sizes) < wanted and time.monotonic() - newest < SILENCE:
    rclpy.spin_once(node, timeout_sec=0.5)
print('received', len(sizes), *sorted(set(sizes)), flush=True)
