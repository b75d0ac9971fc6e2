"""The import wizard: upload, mapping, rehearsal, run, result."""
