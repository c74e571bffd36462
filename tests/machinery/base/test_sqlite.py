"""Connections to SQLite are made ready, also while another one has the file to itself."""

import sqlite3
from contextlib import closing

import pytest

from {{ cookiecutter.package_name }}.platform.db.dialect import SQLITE


def pragma(connection, name):
    return connection.execute(f"PRAGMA {name}").fetchone()[0]


def test_readers_go_on_while_one_writes_and_references_are_checked(tmp_path):
    with closing(sqlite3.connect(tmp_path / "new.db")) as connection:
        SQLITE.prepare(connection)
        assert pragma(connection, "journal_mode") == "wal"
        assert pragma(connection, "foreign_keys") == 1


def test_a_busy_new_file_refuses_no_connection(tmp_path):
    path = tmp_path / "new.db"
    with closing(sqlite3.connect(path)) as busy, closing(sqlite3.connect(path, timeout=0)) as other:
        busy.execute("BEGIN EXCLUSIVE")
        SQLITE.prepare(other)
        assert pragma(other, "foreign_keys") == 1
        busy.rollback()
        SQLITE.prepare(busy)
        assert pragma(other, "journal_mode") == "wal"


def test_a_file_that_is_no_database_is_refused(tmp_path):
    path = tmp_path / "letter.txt"
    path.write_text("Dear reader, this is not a database. " * 50)
    with (
        closing(sqlite3.connect(path)) as connection,
        pytest.raises(sqlite3.DatabaseError, match="not a database"),
    ):
        SQLITE.prepare(connection)
