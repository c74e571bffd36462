"""Where the data lives, and the connection of each thread."""

from typing import Any

import dj_database_url
from django.conf import settings
from django.db import connection, connections
from pydantic import field_validator

from ..core.config import SecretUrl, load
from .dialect import Dialect, check_url
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
        check_url(url, DIALECTS)
        dj_database_url.parse(url)  # which refuses a port out of range
        return SecretUrl(url)


def databases() -> dict[str, dict[str, Any]]:
    """The database settings as Django's DATABASES; SettingsError if one is wrong."""
    values = load(DatabaseSettings)
    url = values.database_url.get_secret_value()
    name = url.partition("://")[0]
    kind = DIALECTS[name]
    given: dict[str, Any] = {**dj_database_url.parse(url, conn_max_age=CONNECTION_SECONDS)}
    options = dict(kind.connect_arguments(values))
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


def dialect() -> Dialect:
    """The kind of database that DATABASE_URL names."""
    return DIALECTS[connection.vendor]


def dispose() -> None:
    """Close this thread's connections; the next one goes where DATABASE_URL points by then.

    One in a transaction stays: it belongs to whoever began that, such as a test case of Django's.
    """
    before, values = settings.DATABASES["default"], databases()["default"]
    for mine in connections.all(initialized_only=True):
        if not mine.in_atomic_block:
            mine.close()
        if values["ENGINE"] != before["ENGINE"]:
            del connections[mine.alias]
    before.update(values)


def ping() -> None:
    """Ask the database for a constant, on a connection that is closed again."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()
