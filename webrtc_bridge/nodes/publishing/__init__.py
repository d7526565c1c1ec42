"""From received frames to topics."""
