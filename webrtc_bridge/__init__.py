"""Stream cameras to ROS 2 topics, and image topics to browsers, over WebRTC."""

__version__ = '0.1.0'
