"""What Alembic asks of the service while it runs `migrations/env.py`."""

import argparse
import logging
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec
from pkgutil import iter_modules
from typing import Any, Literal

from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, MetaData

from ..core.components import discover
from ..core.config import ServiceSettings, SettingsError, load
from ..core.logging import configure as configure_logging
from .engine import Model, dialect
from .errors import CannotMigrate
from .migrations import OLDER_TABLES, PACKAGE, alone, newest_number

LONGEST_ID = 32  # the width of Alembic's column


@contextmanager
def connection(config: Config) -> Iterator[Connection]:
    """The connection to migrate on: the caller's, or a new one that nobody else migrates beside.

    Raises:
        CommandError: there is none; Alembic prints it.
    """
    if "connection" in config.attributes:
        yield config.attributes["connection"]
        return
    try:
        if not logging.root.handlers:  # the command `alembic` says nothing otherwise
            configure_logging(load(ServiceSettings))
        with alone() as own:
            yield own
    except (CannotMigrate, SettingsError) as error:
        raise CommandError(str(error)) from None


def metadata() -> MetaData:
    """The tables of every model: of the components, and of each `models.py` beside them."""
    discover()
    for module in iter_modules(import_module(PACKAGE).__path__, f"{PACKAGE}."):
        if module.ispkg and find_spec(f"{module.name}.models"):
            import_module(f"{module.name}.models")
    return Model.metadata


def is_ours(name: str | None, kind: str, parents: object) -> bool:
    """Whether Alembic may drop it where no model has it."""
    return not (kind == "table" and str(name).startswith(OLDER_TABLES))


def render_type(kind: str, item: object, autogenerate: Any) -> Literal[False]:
    """Import the column types that are neither SQLAlchemy's nor written by Alembic itself."""
    module = type(item).__module__
    if kind == "type" and not module.startswith("sqlalchemy."):
        autogenerate.imports.add(f"import {module}")
    return False


def name_revision(context: Any, parents: object, directives: list[Any]) -> None:
    """Give a revision the next number, and its message as name; drop one that changes nothing."""
    options = vars(context.config.cmd_opts or argparse.Namespace())
    written = directives[0]
    if options.get("autogenerate") and written.upgrade_ops.is_empty():
        directives.clear()
        context.config.print_stdout("Nothing changed: no revision is written.")
    elif not options.get("rev_id"):
        number = newest_number(ScriptDirectory.from_config(context.config)) + 1
        words = re.sub(r"\W+", "_", (written.message or "").lower())
        written.rev_id = f"{number:04}_{words}"[:LONGEST_ID].strip("_")


def check_references(connection: Connection) -> Callable[..., None]:
    """What to call after each revision: SQLite checks no reference while one runs."""
    before = _dangling(connection)

    def check_now(**of: object) -> None:
        for (child, parent), rows in (_dangling(connection) - before).items():
            raise CommandError(
                f"{rows} rows of {child} would refer to rows of {parent} that are gone: "
                "the revision must delete or change them first"
            )

    return check_now


def _dangling(connection: Connection) -> Counter[tuple[str, str]]:
    """How many rows refer to nothing, by their table and the one that they refer to."""
    if not dialect().embedded:
        return Counter()
    rows = connection.exec_driver_sql("PRAGMA foreign_key_check")
    return Counter((child, parent) for child, _, parent, _ in rows)
