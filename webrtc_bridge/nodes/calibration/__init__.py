"""Camera calibrations, their messages and their files."""
