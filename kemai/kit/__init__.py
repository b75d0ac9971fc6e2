"""Plain Python on plain values: no Django, no platform, no human text (errors carry codes)."""
