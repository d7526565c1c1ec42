"""Reduce what is encoded to what this machine can encode in time."""
