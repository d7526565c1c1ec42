"""What every program shares: options, libraries, signals, logs."""
