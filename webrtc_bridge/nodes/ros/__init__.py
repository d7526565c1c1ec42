"""The parts that every node shares."""
