"""From the sender that is followed to stamped pictures."""
