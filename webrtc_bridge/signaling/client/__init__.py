"""A connection to the signaling server that lasts."""
