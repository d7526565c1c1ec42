"""Conversion between pixel formats."""
