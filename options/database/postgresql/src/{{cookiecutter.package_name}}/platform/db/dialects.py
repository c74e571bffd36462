"""The kinds of database that the service runs on, by how DATABASE_URL begins."""

from .dialect import SQLITE, Dialect
from .postgresql import POSTGRESQL, PostgresqlSettings

DIALECTS: dict[str, Dialect] = {"sqlite": SQLITE, "postgresql": POSTGRESQL}
DialectSettings = PostgresqlSettings
