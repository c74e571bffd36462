"""The connection of each thread. Importing this sets Django up, where no `manage.py` did."""

import os

import django
from django.conf import settings
from django.db import connection, connections

from .dialect import Dialect
from .dialects import DIALECTS
from .settings import databases

# The command line imports this first of all components: their models want it.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"{__name__.partition('.')[0]}.settings")
django.setup()


def dialect() -> Dialect:
    """The kind of database that DATABASE_URL names."""
    return DIALECTS[connection.vendor]


def dispose() -> None:
    """Close this thread's connections; the next one goes where DATABASE_URL points by then."""
    for mine in connections.all(initialized_only=True):
        mine.close()
        del connections[mine.alias]
    settings.DATABASES["default"].update(databases()["default"])


def ping() -> None:
    """Ask the database for a constant, on a connection that is closed again."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    finally:
        connection.close()
