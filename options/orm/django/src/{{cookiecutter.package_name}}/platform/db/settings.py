"""The database settings: where the data lives, and how Django gets there."""

import re
from typing import Any

import dj_database_url
from pydantic import field_validator

from ..core.config import SecretUrl, load
from .dialects import DIALECTS, DialectSettings

# How long a thread keeps its connection, in seconds. Opening SQLite anew takes three times as
# long as the request that needs it.
CONNECTION_SECONDS = 600


class DatabaseSettings(DialectSettings):
    """Where the data lives; the URL may hold a password, which is never shown."""

    database_url: SecretUrl = SecretUrl("sqlite:///service.db")
    """URL of the database; SQLite is embedded and needs no server."""

    @field_validator("database_url")
    @classmethod
    def _is_supported(cls, value: SecretUrl) -> SecretUrl:
        url = value.get_secret_value().replace("#", "%23")  # else it would end the URL
        dialect = DIALECTS.get(url.partition("://")[0])
        if dialect is None:
            examples = " or ".join(known.example for known in DIALECTS.values())
            raise ValueError(f"must be a URL like {examples}")
        if not re.match(dialect.form, url):
            raise ValueError(f"{dialect.rule}, like {dialect.example}")
        dj_database_url.parse(url)  # which refuses a port out of range
        return SecretUrl(url)


def databases() -> dict[str, dict[str, Any]]:
    """The database settings as Django's DATABASES.

    Raises:
        SettingsError: a database setting is wrong.
    """
    settings = load(DatabaseSettings)
    url = settings.database_url.get_secret_value()
    name = url.partition("://")[0]
    kind = DIALECTS[name]
    given: dict[str, Any] = {**dj_database_url.parse(url, conn_max_age=CONNECTION_SECONDS)}
    options = dict(kind.connect_arguments(settings))
    if kind.embedded:
        # A writer waits for its turn when it begins, instead of failing half way.
        options["transaction_mode"] = "IMMEDIATE"
    return {
        "default": {
            **given,
            "ENGINE": f"{__package__}.backends.{name}",
            # What the URL says itself stands.
            "OPTIONS": {**options, **given.get("OPTIONS", {})},
            "CONN_HEALTH_CHECKS": not kind.embedded,  # a server may have been restarted meanwhile
        }
    }
