"""The ROS 2 side: the only modules that import rclpy."""
