"""GStreamer's webrtcbin at both ends."""
