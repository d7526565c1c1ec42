"""Receive the video of one sender: from its session to stamped pictures."""
