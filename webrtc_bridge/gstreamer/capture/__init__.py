"""A source, and what makes H.264 of it."""
