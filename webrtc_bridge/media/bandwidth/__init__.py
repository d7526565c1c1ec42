"""The bandwidth to each viewer, and the layer and bit rate that follow from it."""
