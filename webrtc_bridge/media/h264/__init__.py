"""NAL units and parameter sets of H.264."""
