"""Clients and attackers of the signaling server."""
