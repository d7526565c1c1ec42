"""From topics to a sender."""
