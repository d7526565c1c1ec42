"""Signaling, by which senders and receivers find each other; it carries no media."""
