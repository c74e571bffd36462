"""What the service needs to know of a kind of database, whatever the ORM; and SQLite as such."""

import re
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

MIGRATION_WAIT_SECONDS = 600  # how long an upgrade waits for another one, and for a table


@dataclass(frozen=True, kw_only=True, slots=True)
class Dialect:
    """One kind of database that DATABASE_URL may name."""

    example: str  # a URL of that kind, for messages
    form: str  # a regular expression that every URL of that kind matches from its beginning
    rule: str  # what one that does not match must do, for messages
    embedded: bool  # whether it lives in a file of the service, so that the service migrates it
    lock: tuple[str, ...]  # statements that begin a migration, and wait until no other one runs
    # What the driver's `connect` takes besides the URL, by the settings.
    connect_arguments: Callable[[Any], Mapping[str, object]] = lambda settings: {}
    prepare: Callable[[Any], None] = lambda connection: None  # makes a new connection ready


def check_url(url: str, known: Mapping[str, Dialect]) -> None:
    """Refuse the URL of no known kind of database, by a ValueError that says what is right."""
    kind = known.get(url.partition("://")[0])
    if kind is None:
        raise ValueError("must be a URL like " + " or ".join(one.example for one in known.values()))
    if not re.match(kind.form, url):
        raise ValueError(f"{kind.rule}, like {kind.example}")


def _prepare(connection: sqlite3.Connection) -> None:
    try:
        connection.execute("PRAGMA journal_mode=WAL")  # readers go on while one writes
    except sqlite3.DatabaseError as error:
        # The file keeps its mode: whoever is busy with a new file sets it for all connections.
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            connection.close()
            raise
    connection.execute("PRAGMA foreign_keys=ON")


# Embedded, for development and tests. A statement waits 5 s for another writer.
SQLITE = Dialect(
    example="sqlite:///service.db",
    form="sqlite:///(?!:memory:)[^?]",
    rule="must name a file after three slashes: each connection has a memory of its own",
    embedded=True,
    lock=(
        # While a table is copied, its old rows are deleted: nothing may follow them.
        "PRAGMA foreign_keys=OFF",  # heard outside of a transaction only
        f"PRAGMA busy_timeout={MIGRATION_WAIT_SECONDS * 1000}",
        "BEGIN IMMEDIATE",
    ),
    prepare=_prepare,
)
