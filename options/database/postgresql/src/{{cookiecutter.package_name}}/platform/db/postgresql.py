"""PostgreSQL: its settings, and how its driver psycopg connects."""

import re
from collections.abc import Mapping
from typing import Literal

from pydantic import Field, field_validator

from ..core.about import about
from ..core.config import SecretUrl, Settings
from .dialect import MIGRATION_WAIT_SECONDS, Dialect

# Any number will do, as long as every version of the service takes the same one.
MIGRATION_LOCK = 7_264_339_051


class PostgresqlSettings(Settings):
    """How long PostgreSQL may take; SQLite has neither limit."""

    database_connect_timeout_seconds: int = Field(5, ge=2, le=60)
    """How long opening a connection may take; in seconds."""
    database_statement_timeout_seconds: float = Field(30.0, ge=0, le=3600)
    """When the server ends a statement; in seconds, 0 for never. No pooler takes it."""
    database_pooler: Literal["none", "session", "transaction"] = "none"
    """What a pooler before the server, such as PgBouncer, lends to each client."""

    @field_validator("database_url", check_fields=False)
    @classmethod
    def _may_be_short(cls, value: SecretUrl) -> SecretUrl:
        """Take `postgres://`, as Heroku and Railway write it."""
        return SecretUrl(re.sub("^postgres://", "postgresql://", value.get_secret_value()))


def _connect_arguments(settings: PostgresqlSettings) -> Mapping[str, object]:
    """The parameters of libpq (PostgreSQL manual, section 34.1.2), and of psycopg."""
    arguments: dict[str, object] = {
        "connect_timeout": settings.database_connect_timeout_seconds,
        "fallback_application_name": about().name,
        # A server that vanishes without a word is noticed after half a minute.
        "keepalives_idle": 15,
        "keepalives_interval": 5,
        "keepalives_count": 3,
        "tcp_user_timeout": 30_000,
    }
    if settings.database_pooler == "none":
        statement_timeout = round(settings.database_statement_timeout_seconds * 1000)
        # A pooler refuses it: its connections to the server belong to many clients.
        arguments["options"] = f"-c statement_timeout={statement_timeout} -c timezone=UTC"
    if settings.database_pooler == "transaction":
        arguments["prepare_threshold"] = None  # the next statement may meet another server process
    return arguments


POSTGRESQL = Dialect(
    example="postgresql://user:password@localhost:5432/service",
    form=r"postgresql://([^@/?]*@)?(\[[^]]+\]|[^][:@/?]*)(:\d{1,5})?/[^?]",
    rule="must name a database after the host, and write / @ : % in user and password as "
    "%2F %40 %3A %25",
    embedded=False,
    lock=(
        "SET LOCAL statement_timeout = 0",
        f"SET LOCAL lock_timeout = '{MIGRATION_WAIT_SECONDS}s'",
        f"SELECT pg_advisory_xact_lock({MIGRATION_LOCK})",
    ),
    connect_arguments=_connect_arguments,
)
