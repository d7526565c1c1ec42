"""One WebRTC session with one peer: negotiation and transport."""
