"""RTP payloads, packets and timestamps."""
