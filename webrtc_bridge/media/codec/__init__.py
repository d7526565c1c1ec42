"""Encoders, decoders and their threads."""
