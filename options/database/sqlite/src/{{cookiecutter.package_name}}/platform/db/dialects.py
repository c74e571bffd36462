"""The kinds of database that the service runs on, by how DATABASE_URL begins."""

from ..core.config import Settings as DialectSettings
from .dialect import SQLITE, Dialect

DIALECTS: dict[str, Dialect] = {"sqlite": SQLITE}

__all__ = ["DIALECTS", "DialectSettings"]
