"""Schema migrations: one history for Alembic, in `migrations/` beside the components."""

import re
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, nullcontext
from functools import cache

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, NullPool, inspect, text

from .engine import dialect, engine, make

LOCATION = f"{__name__.partition('.')[0]}:migrations"

# The database cannot be opened, or other code made its schema; `alembic` prints it as one line.
CannotMigrate = CommandError


class MigrationsPending(Exception):  # noqa: N818 - the name says what is wrong
    """The schema is behind the code; the message names what is missing."""


def upgrade() -> tuple[str, ...]:
    """Bring the schema to the newest revision, in one transaction.

    Of several that come at once, one migrates, and the others wait for it. Returns the revisions
    that were missing, oldest first; CannotMigrate says why there can be no upgrade.
    """
    with alone() as connection:
        if missing := _missing(connection):
            command.upgrade(_config(connection=connection), "head")
    return missing


def pending() -> tuple[str, ...]:
    """The revisions that the schema is behind, oldest first; CannotMigrate if it is at none."""
    with engine().connect() as connection:
        return _missing(connection)


def check() -> None:
    """Pass when nothing is pending; MigrationsPending names the revisions that are missing."""
    if missing := pending():
        raise MigrationsPending(f"run `db upgrade`: the schema lacks {', '.join(missing)}")


@contextmanager
def alone() -> Iterator[Connection]:
    """A transaction that waits until nobody else migrates; CannotMigrate if it waits in vain."""
    database = make(poolclass=NullPool)
    with ExitStack() as stack:
        try:
            connection = stack.enter_context(database.begin())
            for statement in dialect().lock:
                connection.exec_driver_sql(statement)
        except Exception as error:  # noqa: BLE001 - of SQLAlchemy, of the driver, or of the URL
            reason = " ".join(str(getattr(error, "orig", error)).split())  # the driver's own words
            name = database.url.database
            raise CannotMigrate(f"the database {name} cannot be opened: {reason}") from None
        yield connection


@contextmanager
def connection(config: Config) -> Iterator[Connection]:
    """The connection to migrate on: the caller's, or a new one that nobody else migrates beside."""
    given = config.attributes.get("connection")
    with nullcontext(given) if given else alone() as own:
        before = _dangling(own)
        yield own
        # SQLite does not check references while a table is copied.
        for (child, parent), rows in (_dangling(own) - before).items():
            wrong = f"{rows} rows of {child} would refer to rows of {parent} that are gone"
            raise CannotMigrate(f"{wrong}: the revision must delete or change them first")


def number(revision: str | None) -> int:
    """The number that the name of a revision begins with; 0 where it has none."""
    found = re.match(r"\d{4}(?=_|$)", revision or "")
    return int(found[0]) if found else 0


def _missing(connection: Connection) -> tuple[str, ...]:
    tables, current = inspect(connection).get_table_names(), "base"
    if "alembic_version" in tables:
        current = connection.scalar(text("SELECT version_num FROM alembic_version")) or "base"
    elif older := [name for name in tables if name.startswith("alembic_version_")]:
        raise CannotMigrate(
            f"the schema was made by a history per component ({', '.join(older)}): "
            "docs/how-to/add-a-migration.md says how to move"
        )
    scripts = _scripts()
    newest = scripts.get_current_head()
    try:
        scripts.get_revision(current)
    except CannotMigrate:  # this code has no such revision
        if number(current) <= number(newest):
            raise
        return ()  # a newer version's: during a deployment the old one goes on with the new schema
    missing = scripts.iterate_revisions(newest, current)
    return tuple(script.revision for script in missing)[::-1]


@cache
def _scripts() -> ScriptDirectory:
    """The history of this code, read once."""
    return ScriptDirectory.from_config(_config())


def _config(**attributes: object) -> Config:
    config = Config(attributes=attributes)
    config.set_main_option("script_location", LOCATION)
    return config


def _dangling(connection: Connection) -> Counter[tuple[str, str]]:
    """How many rows refer to nothing, by their table and the one that they refer to."""
    rows = connection.exec_driver_sql("PRAGMA foreign_key_check") if dialect().embedded else ()
    return Counter((child, parent) for child, _, parent, _ in rows)
