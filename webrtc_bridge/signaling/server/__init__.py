"""The sockets, pages and passwords of the signaling server."""
