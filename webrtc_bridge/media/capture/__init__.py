"""Sources of pictures: cameras, network streams, files and the test pattern."""
