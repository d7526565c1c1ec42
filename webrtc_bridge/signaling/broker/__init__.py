"""Every decision of the signaling server, without I/O."""
