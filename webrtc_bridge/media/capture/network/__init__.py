"""Streams, files and pictures at a URL of the network."""
