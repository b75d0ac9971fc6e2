"""The page about backups."""
