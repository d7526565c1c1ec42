"""H.264's NAL units and parameter sets."""
