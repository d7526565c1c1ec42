"""Patches to aiortc's receiver."""
