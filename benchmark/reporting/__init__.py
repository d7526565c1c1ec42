"""Figures, goals, tables and plots of the records of a run, and its files."""
