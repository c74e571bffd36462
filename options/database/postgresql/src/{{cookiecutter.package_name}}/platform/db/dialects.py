"""The kinds of database that the service runs on, by how DATABASE_URL begins."""

from .dialect import SQLITE, Dialect
from .postgresql import POSTGRESQL
from .postgresql import PostgresqlSettings as DialectSettings

DIALECTS: dict[str, Dialect] = {"sqlite": SQLITE, "postgresql": POSTGRESQL}

__all__ = ["DIALECTS", "DialectSettings"]
