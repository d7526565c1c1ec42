"""The path of the video: capture, encode, broadcast, receive, decode."""
