"""Django connects as the settings say, and as the URL says where it says something."""

from django.db import connection

from {{ cookiecutter.package_name }}.platform.db import engine


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
