"""Schema migrations: one history for Alembic, in `migrations/` beside the components."""

import argparse
import logging
import re
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import CommandLine, Config
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import Connection, column, inspect, select, table
from sqlalchemy.exc import DatabaseError

from .engine import dialect, engine, without_pool
from .errors import CannotMigrate, MigrationsPending

logging.getLogger("alembic.runtime.plugins").setLevel(logging.WARNING)  # it greets each of them

PACKAGE = __name__.partition(".")[0]
LOCATION = f"{PACKAGE}:migrations"
PROJECT = Path(__file__).parents[4] / "pyproject.toml"  # not there in an installed service

VERSION_TABLE = table("alembic_version", column("version_num"))
OLDER_TABLES = "alembic_version_"  # each component had one, before there was one history


def upgrade() -> tuple[str, ...]:
    """Bring the schema to the newest revision, in one transaction.

    Of several that come at once, one migrates; the others wait and find nothing left to do.

    Returns:
        The revisions that were missing, oldest first.

    Raises:
        CannotMigrate: the database cannot be opened, is not at a revision of this code, or would
            be left with references to nothing.
    """
    with alone() as connection:
        missing = _missing(connection)
        if missing:
            config = _config()
            config.attributes["connection"] = connection
            try:
                command.upgrade(config, "heads")
            except CommandError as error:
                raise CannotMigrate(str(error)) from None
    return missing


def pending() -> tuple[str, ...]:
    """The revisions that the schema is behind, oldest first.

    Raises:
        CannotMigrate: the schema is not at a revision of this code.
    """
    with engine().connect() as connection:
        return _missing(connection)


def check() -> None:
    """Pass when nothing is pending.

    Raises:
        MigrationsPending: names the revisions that are missing.
        CannotMigrate: the schema is not at a revision of this code.
    """
    missing = pending()
    if missing:
        raise MigrationsPending(f"run `db upgrade`: the schema lacks {', '.join(missing)}")


def commands(actions: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add what developers do with the history to `db`."""
    revision = actions.add_parser("revision", help="write a revision from the models' changes")
    revision.add_argument("message", help="what the revision does, in a few words")
    words = ("revision", "--autogenerate", "-m")
    revision.set_defaults(run=lambda chosen: _alembic(*words, chosen.message))
    differ = actions.add_parser("check", help="fail if the models changed and no revision says so")
    differ.set_defaults(run=lambda chosen: _alembic("check"))
    other = actions.add_parser("alembic", help="any command of Alembic: downgrade, history, stamp")
    other.add_argument("words", nargs=argparse.REMAINDER, metavar="ARGUMENTS")
    other.set_defaults(run=lambda chosen: _alembic(*chosen.words))


@contextmanager
def alone() -> Iterator[Connection]:
    """A connection of its own, in a transaction that begins when nobody else migrates.

    Raises:
        CannotMigrate: the database cannot be opened, or somebody else migrates for too long.
    """
    database = without_pool()
    with ExitStack() as open_until:
        try:
            connection = open_until.enter_context(database.begin())
            for statement in dialect().lock:
                connection.exec_driver_sql(statement)
        except DatabaseError as error:
            place = f" {database.url.database}" if dialect().embedded else ""
            reason = " ".join(str(error.orig).split())  # the driver's own words
            raise CannotMigrate(f"the database{place} cannot be opened: {reason}") from None
        yield connection


def _missing(connection: Connection) -> tuple[str, ...]:
    scripts = _scripts()
    heads = scripts.get_heads()
    if len(heads) > 1:
        raise CannotMigrate(
            f"{' and '.join(heads)} follow the same revision: "
            "number one of them anew, and make the other its down_revision"
        )
    current = _current(connection)
    if current == set(heads):
        return ()
    unknown = sorted(current - {script.revision for script in scripts.walk_revisions()})
    newest = newest_number(scripts)
    if [revision for revision in unknown if _number(revision) <= newest]:
        raise CannotMigrate(
            f"the schema is at {', '.join(unknown)}, which is no revision of this code"
        )
    if unknown:  # a newer version's: during a deployment the old one goes on with the new schema
        return ()
    missing = scripts.iterate_revisions("heads", tuple(current) or "base")
    return tuple(script.revision for script in missing)[::-1]


def _current(connection: Connection) -> set[str]:
    there = inspect(connection)
    if there.has_table(VERSION_TABLE.name):
        return set(connection.scalars(select(VERSION_TABLE.c.version_num)))
    older = [name for name in there.get_table_names() if name.startswith(OLDER_TABLES)]
    if older:
        raise CannotMigrate(
            f"the schema was made by a history per component ({', '.join(older)}): "
            "docs/how-to/add-a-migration.md says how to move"
        )
    return set()


@cache
def _scripts() -> ScriptDirectory:
    """The history of this code, read once."""
    return ScriptDirectory.from_config(_config())


def newest_number(scripts: ScriptDirectory) -> int:
    """The highest number that a revision of that history begins with; 0 for none."""
    return max((_number(script.revision) for script in scripts.walk_revisions()), default=0)


def _number(revision: str) -> int:
    found = re.match(r"(\d{4})(_|$)", revision)
    return int(found[1]) if found else 0


def _config(options: argparse.Namespace | None = None) -> Config:
    config = Config(toml_file=PROJECT, cmd_opts=options)
    config.set_main_option("script_location", LOCATION)
    return config


def _alembic(*words: str) -> None:
    command_line = CommandLine(prog=f"python -m {PACKAGE} db alembic")
    options = command_line.parser.parse_args(["--raiseerr", *words])
    try:
        command_line.run_cmd(_config(options), options)
    except CommandError as error:
        raise SystemExit(str(error)) from None
