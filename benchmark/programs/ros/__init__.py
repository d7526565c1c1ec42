"""ROS nodes that publish, subscribe and switch cameras."""
