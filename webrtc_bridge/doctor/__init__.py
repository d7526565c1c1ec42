"""Find out, step by step, why a camera's video does not reach this machine."""
