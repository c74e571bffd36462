"""PostgreSQL, measured; Django looks for a `DatabaseWrapper` in a module of this name."""

from django.db.backends.postgresql import base

from ...measured import MeasuredConnection


class DatabaseWrapper(MeasuredConnection, base.DatabaseWrapper):
    """The connection of one thread."""
