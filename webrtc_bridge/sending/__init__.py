"""A source, its encoder and the viewers of it."""
