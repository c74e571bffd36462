"""The connection of each thread, and the base of every table's class."""

from typing import Any, cast

from django.db import connection, connections, models
from django.utils.functional import SimpleLazyObject

from .dialect import Dialect
from .dialects import DIALECTS
from .settings import django_databases


class Model(models.Model):
    """Base of every table's class."""

    class Meta:
        """No table of its own."""

        abstract = True


def dialect() -> Dialect:
    """The kind of database that DATABASE_URL names.

    Raises:
        SettingsError: a database setting is wrong.
    """
    return DIALECTS[connection.vendor]


def dispose() -> None:
    """Close this thread's connection; the next use reads DATABASE_URL again."""
    for mine in connections.all(initialized_only=True):
        mine.close()
        del connections[mine.alias]
    connections.settings = cast(
        "dict[str, Any]",
        SimpleLazyObject(lambda: connections.configure_settings(django_databases())),
    )


def ping() -> None:
    """Ask the database for a constant, on a connection that is closed again.

    Raises:
        django.db.Error: it does not answer.
    """
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()
