"""Photographs of every page, for people to look at: `python -m tests.pictures OUT`."""
