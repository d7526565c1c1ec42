"""The aiortc engine."""
