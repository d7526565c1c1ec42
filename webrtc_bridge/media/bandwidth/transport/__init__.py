"""Estimate the bandwidth by the arrival of every packet (transport-wide feedback)."""
