"""Schema migrations: each component has its own, in its folder."""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path

from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from ..core.components import Component
from .engine import dialect

log = logging.getLogger(__name__)


class MigrationsPending(Exception):  # noqa: N818 - the name says what is wrong
    """The schema is behind the code; the message names the applications."""


def upgrade() -> tuple[str, ...]:
    """Bring the schema of every application to its newest migration, each in one transaction.

    Of several that come at once, one migrates; the others wait and find nothing left to do.

    Returns:
        The applications that were behind.
    """
    with alone():
        behind = pending()
        if behind:
            call_command("migrate", interactive=False, verbosity=0)
            log.info("migrated %s", ", ".join(behind))
    return behind


def pending() -> tuple[str, ...]:
    """The applications whose schema is behind their code: components, and Django's own."""
    applied = MigrationRecorder(connection).applied_migrations()
    return tuple(sorted({app for app, name in _known() if (app, name) not in applied}))


def check() -> None:
    """Pass when nothing is pending; the connection is closed again.

    Raises:
        MigrationsPending: names the applications that are behind.
    """
    try:
        behind = pending()
    finally:
        connection.close()
    if behind:
        names = ", ".join(behind)
        raise MigrationsPending(f"run `db upgrade`: the schema of {names} is behind the code")


def revise(component: Component, message: str) -> None:
    """Write a new migration from the difference between the component's models and its last one."""
    label = str(component.migrations).split(".")[-2]
    call_command("makemigrations", label, name=message.lower().replace(" ", "_"))


@contextmanager
def alone() -> Iterator[None]:
    """Wait until nobody else migrates this database, and make others wait until the end.

    The lock is not taken on the connection that migrates: each migration is a transaction there.
    """
    if dialect().embedded:
        import fcntl  # noqa: PLC0415 - POSIX only; nothing but this lock needs it

        connection.ensure_connection()  # which says what is wrong, where something is
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
