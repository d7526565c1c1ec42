"""The ROS 2 nodes; no module outside this folder imports rclpy."""
