"""From image topics to senders."""
