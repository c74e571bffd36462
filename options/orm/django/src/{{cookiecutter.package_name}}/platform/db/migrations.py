"""Schema migrations: Django's own `migrate`. Importing this sets Django up, if no `manage.py` did."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

import django
from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from .engine import dialect

# The command line imports this before any other component: their models want it.
os.environ.setdefault("DJANGO_SETTINGS_MODULE", f"{__name__.partition('.')[0]}.settings")
django.setup()

log = logging.getLogger(__name__)


class MigrationsPending(Exception):  # noqa: N818 - the name says what is wrong
    """The schema is behind the code; the message names what is missing."""


class CannotMigrate(Exception):  # noqa: N818 - as above
    """The database cannot be opened; the message holds no secret."""


def upgrade() -> tuple[str, ...]:
    """Bring the schema of every application to its newest migration, each in one transaction.

    Of several that come at once, one migrates, and the others wait for it. Returns the applications
    that were behind; CannotMigrate if the database cannot be opened.
    """
    with alone():
        if behind := pending():
            call_command("migrate", interactive=False, verbosity=0)
            log.info("migrated %s", ", ".join(behind))
    return behind


def pending() -> tuple[str, ...]:
    """The applications whose schema is behind their code: components, and Django's own."""
    applied = MigrationRecorder(connection).applied_migrations()
    return tuple(sorted({app for app, name in _known() if (app, name) not in applied}))


def check() -> None:
    """Pass when nothing is pending; the connection is closed again."""
    try:
        behind = pending()
    finally:
        connection.close()
    if behind:
        names = ", ".join(behind)
        raise MigrationsPending(f"run `db upgrade`: the schema of {names} is behind the code")


@contextmanager
def alone() -> Iterator[None]:
    """Wait until nobody else migrates this database, and make others wait until the end.

    The lock is not taken on the connection that migrates: each migration is a transaction there.
    """
    try:
        connection.ensure_connection()
    except Exception as error:  # noqa: BLE001 - of Django, of the driver, or of the URL
        place = f" {connection.settings_dict['NAME']}" if dialect().embedded else ""
        reason = " ".join(str(error).split())  # the driver's own words
        raise CannotMigrate(f"the database{place} cannot be opened: {reason}") from None
    if dialect().embedded:
        import fcntl  # noqa: PLC0415 - POSIX only; nothing but this lock needs it

        folder = os.open(Path(connection.settings_dict["NAME"]).resolve().parent, os.O_RDONLY)
        try:
            fcntl.flock(folder, fcntl.LOCK_EX)
            yield
        finally:
            os.close(folder)
        return
    lock = connection.copy()
    try:
        lock.set_autocommit(False)
        with lock.cursor() as cursor:
            for statement in dialect().lock:
                cursor.execute(statement)
        yield
    finally:
        lock.close()


@cache
def _known() -> frozenset[tuple[str, str]]:
    """Every migration that the code has, as application and name."""
    return frozenset(MigrationLoader(None).graph.nodes)
