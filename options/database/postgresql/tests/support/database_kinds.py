"""The kinds of database that the tests run on; the application's tests run on the first."""

from postgresql_server import PostgresqlServer
from sqlite_files import SqliteFiles

KINDS = {"postgresql": PostgresqlServer, "sqlite": SqliteFiles}
