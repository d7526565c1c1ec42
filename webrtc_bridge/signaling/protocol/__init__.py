"""The messages and how they are written."""
