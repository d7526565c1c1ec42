"""How senders and receivers find each other; no media passes here."""
