"""The engine connects as the settings say, and as the URL says where it says something."""

from concurrent.futures import ThreadPoolExecutor
from time import sleep

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from {{ cookiecutter.package_name }}.platform.db import engine


def timeout() -> float:
    """How long a new connection waits (PostgreSQL: to be opened, SQLite: for a lock), in seconds."""
    with engine.engine().connect() as connection:
        if engine.dialect().embedded:
            return connection.exec_driver_sql("PRAGMA busy_timeout").scalar_one() / 1000
        parameters = connection.connection.driver_connection.info.get_parameters()
        return float(parameters["connect_timeout"])


def test_what_the_url_says_itself_stands(databases_of_each_kind, use_database):
    url = databases_of_each_kind.empty()
    use_database(url)
    assert timeout() == 5
    parameter = "timeout=7" if engine.dialect().embedded else "connect_timeout=7"
    use_database(url + ("&" if "?" in url else "?") + parameter)
    assert timeout() == 7


def test_users_data_does_not_show_in_an_error(databases_of_each_kind, use_database):
    use_database(databases_of_each_kind.empty())
    with engine.engine().connect() as connection:
        query = text("SELECT nothing FROM nowhere WHERE a = :b")
        with pytest.raises(DBAPIError, match="hidden due to hide_parameters") as raised:
            connection.execute(query, {"b": "s3cret"})
    assert "s3cret" not in str(raised.value)


def test_threads_that_ask_first_at_once_get_one_engine(database, monkeypatch):
    make = engine.make

    def slowly(**pool):
        sleep(0.05)
        return make(**pool)

    engine.dispose()
    monkeypatch.setattr(engine, "make", slowly)
    with ThreadPoolExecutor(2) as pool:
        first, second = pool.map(lambda _: engine.engine(), range(2))
    assert first is second
