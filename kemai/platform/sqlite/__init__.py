"""Django's SQLite with a fair wait for the one writer's lock."""
