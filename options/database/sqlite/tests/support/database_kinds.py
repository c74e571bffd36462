"""The kinds of database that the tests run on; the application's tests run on the first."""

from sqlite_files import SqliteFiles

KINDS = {"sqlite": SqliteFiles}
