"""The database settings: where the data lives, and how many connections may go there."""

import re

from pydantic import Field, field_validator

from ..core.config import SecretUrl
from .dialects import DIALECTS, DialectSettings


class DatabaseSettings(DialectSettings):
    """Where the data lives; the URL may hold a password, which is never shown."""

    database_url: SecretUrl = SecretUrl("sqlite:///service.db")
    """SQLAlchemy URL of the database; SQLite is embedded and needs no server."""
    database_pool_size: int = Field(5, ge=1, le=1000)
    """Connections that a worker keeps open."""
    database_max_overflow: int = Field(10, ge=0, le=1000)
    """Connections that a worker may open beyond those, for a while."""
    database_pool_timeout_seconds: float = Field(5.0, gt=0, le=60)
    """How long a caller waits for a free connection; in seconds."""

    @field_validator("database_url")
    @classmethod
    def _is_supported(cls, value: SecretUrl) -> SecretUrl:
        url = value.get_secret_value()
        dialect = DIALECTS.get(url.partition("://")[0])
        if dialect is None:
            examples = " or ".join(known.example for known in DIALECTS.values())
            raise ValueError(f"must be a URL like {examples}")
        if not re.match(dialect.form, url):
            raise ValueError(f"{dialect.rule}, like {dialect.example}")
        return value
