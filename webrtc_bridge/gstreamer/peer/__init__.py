"""One viewer: its branch of the pipeline, and its connection."""
