"""RTP payloads, packets and time stamps."""
