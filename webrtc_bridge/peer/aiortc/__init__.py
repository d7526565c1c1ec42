"""The engine aiortc."""
