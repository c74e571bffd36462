"""SQLite: embedded, for development and tests. A statement waits 5 s for another writer."""

import sqlite3

from .dialect import MIGRATION_WAIT_SECONDS, Dialect


def _prepare(connection: sqlite3.Connection) -> None:
    try:
        connection.execute("PRAGMA journal_mode=WAL")  # readers go on while one writes
    except sqlite3.DatabaseError as error:
        # The file keeps its mode: whoever is busy with a new file sets it for all connections.
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            connection.close()
            raise
    connection.execute("PRAGMA foreign_keys=ON")


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
