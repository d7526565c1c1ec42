"""What every test process needs; fixtures of one area stand in that area's tests."""

import os

# Before anything imports rclpy: a graph of its own for each test process and its children, on this
# machine alone. Ids above 101 reach into the ports that Linux hands out to others.
os.environ['ROS_DOMAIN_ID'] = str(os.getpid() % 101 + 1)
os.environ['ROS_AUTOMATIC_DISCOVERY_RANGE'] = 'LOCALHOST'
