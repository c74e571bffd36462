"""The database settings: where the data lives."""

from typing import Any

import dj_database_url
from pydantic import Field, SecretStr, field_validator

from ..core.config import Settings, load

DIALECTS = ("sqlite",)
BUSY_TIMEOUT_SECONDS = 5.0  # how long SQLite waits for another writer
# How long a thread keeps its connection. Opening SQLite anew takes three times as long as the
# request that needs it.
CONNECTION_SECONDS = 600


class DatabaseSettings(Settings):
    """Where the data lives; the URL may hold a password and is never shown."""

    database_url: SecretStr = Field(
        SecretStr("sqlite:///service.db"),
        description="URL of the database; SQLite is embedded and needs no server.",
    )

    @field_validator("database_url")
    @classmethod
    def _is_supported(cls, value: SecretStr) -> SecretStr:
        dialect, separator, _ = value.get_secret_value().partition("://")
        if dialect not in DIALECTS or not separator:
            raise ValueError(
                f"must be a URL that begins with {' or '.join(DIALECTS)}, like sqlite:///service.db"
            )
        return value


def django_databases() -> dict[str, dict[str, Any]]:
    """DATABASE_URL as Django's DATABASES.

    Raises:
        SettingsError: DATABASE_URL is wrong.
    """
    url = load(DatabaseSettings).database_url.get_secret_value()
    database: dict[str, Any] = {**dj_database_url.parse(url, conn_max_age=CONNECTION_SECONDS)}
    database["OPTIONS"] = {
        "timeout": BUSY_TIMEOUT_SECONDS,
        "init_command": "PRAGMA journal_mode=WAL",  # readers go on while one writes
        "transaction_mode": "IMMEDIATE",  # a writer waits for its turn instead of failing half way
    }
    return {"default": database}
