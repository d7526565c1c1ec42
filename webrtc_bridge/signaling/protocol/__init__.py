"""The messages of the signaling protocol, and their JSON."""
