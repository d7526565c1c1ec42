"""A source, its encoder and its viewers."""
