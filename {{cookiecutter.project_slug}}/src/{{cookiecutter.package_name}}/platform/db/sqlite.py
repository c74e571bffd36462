"""SQLite: embedded, for development and tests."""

import sqlite3
from collections.abc import Mapping
from typing import Any

from .dialect import MIGRATION_WAIT_SECONDS, Dialect

BUSY_TIMEOUT_SECONDS = 5.0  # how long a statement waits for another writer


def _connect_arguments(settings: object) -> Mapping[str, object]:
    return {"timeout": BUSY_TIMEOUT_SECONDS}


def _prepare(connection: Any) -> None:
    cursor = connection.cursor()
    try:
        cursor.execute("PRAGMA journal_mode=WAL")  # readers go on while one writes
    except sqlite3.DatabaseError as error:
        # The file keeps its mode: whoever is busy with a new file sets it for all connections.
        if error.sqlite_errorcode != sqlite3.SQLITE_BUSY:
            connection.close()
            raise
    cursor.execute("PRAGMA foreign_keys=ON")
    cursor.close()


def _refuse(host: str, database: str) -> str:
    if host or not database or database == ":memory:":
        return "must name a file after three slashes: each connection has a memory of its own"
    return ""


SQLITE = Dialect(
    example="sqlite:///service.db",
    embedded=True,
    connect_arguments=_connect_arguments,
    prepare=_prepare,
    lock=(
        # While a table is copied, its old rows are deleted: nothing may follow them.
        "PRAGMA foreign_keys=OFF",  # heard outside of a transaction only
        f"PRAGMA busy_timeout={MIGRATION_WAIT_SECONDS * 1000}",
        "BEGIN IMMEDIATE",
    ),
    refuse=_refuse,
)
