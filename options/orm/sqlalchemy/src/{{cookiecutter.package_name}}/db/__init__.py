"""The database: engine, sessions and migrations."""
