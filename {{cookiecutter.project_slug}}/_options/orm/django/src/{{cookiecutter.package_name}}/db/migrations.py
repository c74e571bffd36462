"""Schema migrations: each component has its own, in its folder."""

import logging
from functools import cache
from importlib import import_module

from django.core.management import call_command
from django.db import connection
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

from ..core.components import Component

log = logging.getLogger(__name__)


class MigrationsPending(Exception):  # noqa: N818 - the name says what is wrong
    """The schema is behind the code; the message names the applications."""


def upgrade() -> None:
    """Bring the schema of every application to its newest migration, each in one transaction."""
    behind = pending()
    if behind:
        call_command("migrate", interactive=False, verbosity=0)
        log.info("migrated %s", ", ".join(behind))


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
    folder = import_module(str(component.migrations)).__package__
    label = str(folder).split(".")[-2]
    call_command("makemigrations", label, name=message.lower().replace(" ", "_"))


@cache
def _known() -> frozenset[tuple[str, str]]:
    """Every migration that the code has, as application and name."""
    return frozenset(MigrationLoader(None).graph.nodes)
