"""What Alembic asks of the service while it runs `migrations/env.py`."""

import logging
import re
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from importlib import import_module
from typing import Any, Literal

from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, MetaData

from ..core.components import discover, modules
from ..core.config import ServiceSettings, SettingsError, load
from ..core.logging import configure as configure_logging
from .engine import Model, dialect
from .migrations import alone, number

LONGEST_ID = 32  # the width of Alembic's column


@contextmanager
def connection(config: Config) -> Iterator[Connection]:
    """The connection to migrate on: the caller's, or a new one that nobody else migrates beside.

    Raises:
        CommandError: there is none, or rows would refer to nothing, which SQLite does not check
            while a table is copied.
    """
    try:
        if not logging.root.handlers:  # the command `alembic` says nothing otherwise
            configure_logging(load(ServiceSettings))
        given = config.attributes.get("connection")
        with nullcontext(given) if given else alone() as own:
            before = _dangling(own)
            yield own
            for (child, parent), rows in (_dangling(own) - before).items():
                raise CommandError(
                    f"{rows} rows of {child} would refer to rows of {parent} that are gone: "
                    "the revision must delete or change them first"
                )
    except SettingsError as error:
        raise CommandError(str(error)) from None


def metadata() -> MetaData:
    """The tables of every model: of the components, and of each `models.py` beside them."""
    discover()
    for name in modules("models"):
        import_module(name)
    return Model.metadata


def render_type(kind: str, item: object, autogenerate: Any) -> Literal[False]:
    """Import the column types that are neither SQLAlchemy's nor written by Alembic itself."""
    module = type(item).__module__
    if kind == "type" and not module.startswith("sqlalchemy."):
        autogenerate.imports.add(f"import {module}")
    return False


def name_revision(context: Any, parents: object, directives: list[Any]) -> None:
    """Give a revision the next number, and its message as name; drop one that changes nothing."""
    config, revision = context.config, directives[0]
    if getattr(config.cmd_opts, "autogenerate", False) and revision.upgrade_ops.is_empty():
        directives.clear()
        config.print_stdout("Nothing changed: no revision is written.")
    elif not getattr(config.cmd_opts, "rev_id", None):
        known = ScriptDirectory.from_config(config).walk_revisions()
        newest = max((number(script.revision) for script in known), default=0)
        words = re.sub(r"\W+", "_", (revision.message or "").lower())
        revision.rev_id = f"{newest + 1:04}_{words}"[:LONGEST_ID].strip("_")


def _dangling(connection: Connection) -> Counter[tuple[str, str]]:
    """How many rows refer to nothing, by their table and the one that they refer to."""
    rows = connection.exec_driver_sql("PRAGMA foreign_key_check") if dialect().embedded else ()
    return Counter((child, parent) for child, _, parent, _ in rows)
