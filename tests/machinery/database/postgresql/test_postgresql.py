"""PostgreSQL is reached as the settings say, and a wrong URL shows what is right and no secret."""

import psycopg
import pytest

from {{ cookiecutter.package_name }}.platform.core.about import about
from {{ cookiecutter.package_name }}.platform.core.config import SettingsError, load
from {{ cookiecutter.package_name }}.platform.db.engine import DatabaseSettings
from {{ cookiecutter.package_name }}.platform.db.postgresql import POSTGRESQL


@pytest.fixture
def connect(database):
    """Connect to the test's database as the service does; closed at the end of the test."""
    opened = []

    def connect():
        arguments = POSTGRESQL.connect_arguments(load(DatabaseSettings))
        opened.append(psycopg.connect(database, **arguments))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


def test_the_server_ends_a_statement_that_takes_too_long(connect, patch_settings):
    patch_settings(DatabaseSettings, database_statement_timeout_seconds=0.05)
    with pytest.raises(psycopg.errors.QueryCanceled):
        connect().execute("SELECT pg_sleep(30)")


def test_a_migration_may_take_as_long_as_it_needs(connect):
    connection = connect()
    for statement in POSTGRESQL.lock:
        connection.execute(statement)
    assert connection.execute("SHOW statement_timeout").fetchone() == ("0",)
    connection.rollback()
    assert connection.execute("SHOW statement_timeout").fetchone() == ("30s",)


def test_the_server_knows_who_connects_and_speaks_utc(connect):
    connection = connect()
    assert connection.execute("SHOW application_name").fetchone() == (about().name,)
    assert connection.execute("SHOW timezone").fetchone() == ("UTC",)


@pytest.mark.parametrize("in_a_file", [False, True])
def test_the_short_name_that_some_clouds_write_is_taken(mock_env, tmp_path, in_a_file):
    given = "postgres://user:s3cret@host/name"
    (file := tmp_path / "url").write_text(given)
    named = {"DATABASE_URL": None, "DATABASE_URL_FILE": str(file)}
    mock_env(**(named if in_a_file else {"DATABASE_URL": given}))
    url = load(DatabaseSettings).database_url.get_secret_value()
    assert url == "postgresql://user:s3cret@host/name"


@pytest.mark.parametrize(
    ("pooler", "options", "prepares"),
    [("none", True, True), ("session", False, True), ("transaction", False, False)],
)
def test_a_pooler_gets_no_more_than_it_takes(mock_env, pooler, options, prepares):
    mock_env(DATABASE_POOLER=pooler)
    arguments = POSTGRESQL.connect_arguments(load(DatabaseSettings))
    assert ("options" in arguments) is options
    assert ("prepare_threshold" not in arguments) is prepares


@pytest.mark.parametrize(
    ("url", "right"),
    [
        (
            "mysql://user:s3cret@host/name",
            "must be a URL like sqlite:///service.db or postgresql:",
        ),
        ("postgresql+psycopg2://user:s3cret@host/name", "must be a URL like sqlite://"),
        ("postgresql://user:s3cret@host:s3cret/name", "write / @ : % in user and password as %2F"),
        ("postgresql://user:s3cret@host", "must name a database after the host"),
    ],
)
def test_a_wrong_url_says_what_is_right_and_nothing_secret(mock_env, url, right):
    mock_env(DATABASE_URL=url)
    with pytest.raises(SettingsError) as raised:
        load(DatabaseSettings)
    assert str(raised.value).startswith("DATABASE_URL: ")
    assert right in str(raised.value)
    assert "like " in str(raised.value)
    assert POSTGRESQL.example in str(raised.value)
    assert "s3c" not in str(raised.value)


@pytest.mark.parametrize(
    ("change", "again"),
    [
        ("INSERT INTO empty VALUES (1)", True),
        ("CREATE TABLE another (a int)", True),
        ("DROP TABLE empty", False),
        ("ALTER TABLE empty ADD COLUMN b int", False),
        ("CREATE INDEX ON empty (a)", False),
        ("UPDATE kept SET a = 2", False),
    ],
)
def test_a_database_is_given_out_again_only_if_it_is_as_new(databases, change, again):
    def make(url: str) -> None:
        execute(url, "CREATE TABLE empty (a serial); CREATE TABLE kept AS SELECT 1 AS a")

    first = databases.like("example", make)
    execute(first, change)
    databases.take_back()
    second = databases.like("example", make)
    assert (second == first) is again
    assert execute(second, "SELECT * FROM empty").fetchall() == []
    assert execute(second, "INSERT INTO empty VALUES (default) RETURNING *").fetchall() == [(1,)]
    assert execute(second, "SELECT to_regclass('another')").fetchall() == [(None,)]


def execute(url: str, statement: str) -> psycopg.Cursor:
    """Run a statement in a transaction of its own."""
    with psycopg.connect(url) as connection:
        return connection.execute(statement)
