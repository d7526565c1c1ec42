"""camera_info and its files."""
