"""The kinds of database that the service runs on, by how DATABASE_URL begins."""

from ..core.config import Settings
from .dialect import SQLITE, Dialect

DIALECTS: dict[str, Dialect] = {"sqlite": SQLITE}
DialectSettings = Settings
