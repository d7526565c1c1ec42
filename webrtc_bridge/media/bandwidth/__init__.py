"""What a link carries, and who gets which layer."""
