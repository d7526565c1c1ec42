"""The GStreamer engine."""
