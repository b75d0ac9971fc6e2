"""Servers and workers killed at random moments, and what must be true afterwards."""
