"""The engine GStreamer."""
