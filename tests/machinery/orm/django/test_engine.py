"""Django connects as the settings say, and as the URL says where it says something."""

from queue import SimpleQueue

import pytest
from django.db import connection, transaction

from {{ cookiecutter.package_name }}.platform.db import databases, engine
from {{ cookiecutter.package_name }}.platform.polling.component import MetricsPoller


def timeout() -> float:
    """How long a new connection waits (PostgreSQL: to be opened, SQLite: for a lock), in seconds."""
    connection.ensure_connection()
    if engine.dialect().embedded:
        with connection.cursor() as cursor:
            cursor.execute("PRAGMA busy_timeout")
            return cursor.fetchone()[0] / 1000
    return float(connection.connection.info.get_parameters()["connect_timeout"])


def test_what_the_url_says_itself_stands(databases_of_each_kind, use_database):
    url = databases_of_each_kind.empty()
    use_database(url)
    assert timeout() == 5
    parameter = "timeout=7" if engine.dialect().embedded else "connect_timeout=7"
    use_database(url + ("&" if "?" in url else "?") + parameter)
    assert timeout() == 7


def test_a_disposed_connection_goes_where_the_settings_say_then(
    databases_of_each_kind, use_database
):
    for _ in range(2):
        use_database(databases_of_each_kind.empty())
        with connection.cursor() as cursor:
            cursor.execute("CREATE TABLE seen (a int)")


def test_sqlite_keeps_its_journal_apart_so_that_readers_go_on(tmp_path, use_database):
    use_database(f"sqlite:///{tmp_path}/test.db")
    with connection.cursor() as cursor:
        cursor.execute("PRAGMA journal_mode")
        assert cursor.fetchone() == ("wal",)
        cursor.execute("PRAGMA foreign_keys")
        assert cursor.fetchone() == (1,)


@pytest.mark.parametrize("name", ["a#1.db", "a b.db", "a%231.db", "\u00fc+;&'.db"])
def test_the_file_is_the_one_that_the_url_names(tmp_path, mock_env, name):
    mock_env(DATABASE_URL=f"sqlite:///{tmp_path}/{name}")
    expected = f"{tmp_path}/{name.replace('%23', '#')}"
    assert databases()["default"]["NAME"] == expected


def test_what_a_polled_callback_leaves_broken_is_not_for_the_next_one(
    databases_of_each_kind, use_database, mock_env, metrics
):
    use_database(databases_of_each_kind.empty())
    mock_env(POLLING_INTERVAL_SECONDS="0.1")
    found = SimpleQueue()

    def fail():
        transaction.set_autocommit(False)
        with connection.cursor() as cursor:
            cursor.execute("SELECT nothing")

    def go_on():
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
        found.put(transaction.get_autocommit())

    poller = MetricsPoller()
    poller.register_for_polling("failing", fail)
    poller.register_for_polling("next", go_on)
    poller.start()
    try:
        assert found.get(timeout=5)
    finally:
        poller.stop()
    assert metrics.value('metrics_poll_failures_total{callback="failing"}') >= 1
