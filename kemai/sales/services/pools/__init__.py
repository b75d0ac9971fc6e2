"""Pools: in whose hands records are, taking them out, their return, and giving new leads to somebody."""
