"""The common parts of all programs: options, required libraries, signals, logs."""
