"""SQLite as Django connects to it."""
