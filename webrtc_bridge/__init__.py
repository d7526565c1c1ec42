"""Bring a camera across a network: WebRTC video in and out of ROS 2."""

__version__ = '0.1.0'
