"""Connections, the pool, queries and written objects are counted exactly, on every database."""

import threading
import time

import prometheus_client
import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from {{ cookiecutter.package_name }}.platform.db import engine, migrations
from {{ cookiecutter.package_name }}.platform.db.engine import DatabaseSettings
from {{ cookiecutter.package_name }}.platform.db.measured import measure_models

IN_USE = 'database_pool_connections{state="in_use"}'
IDLE = 'database_pool_connections{state="idle"}'
OVERFLOW = "database_pool_overflow_connections"
WAITING = "database_pool_waiting_callers"
OPENED = {"database_connection_attempts_total": 1, "database_connection_duration_seconds_count": 1}


class Base(DeclarativeBase):
    """Base of the models of these tests."""


class Note(Base):
    """A row to write."""

    __tablename__ = "notes"

    id: Mapped[int] = mapped_column(primary_key=True)
    words: Mapped[str]


measure_models(Base)


@pytest.fixture(autouse=True)
def _empty(databases_of_each_kind, use_database):
    use_database(databases_of_each_kind.empty())


def queries(**times: int) -> dict[str, float]:
    """What so many queries of each operation add."""
    name = "database_query_duration_seconds_count"
    return {name + '{operation="' + word + '"}': number for word, number in times.items()}


def written(operation: str, times: int) -> dict[str, float]:
    """What so many notes that were written add."""
    labels = 'model="Note",operation="' + operation + '"'
    return {"database_model_operations_total{" + labels + "}": times}


def pool(metrics) -> tuple[float, ...]:
    """The connections in use, idle and beyond the pool's size, and the callers that wait."""
    return tuple(metrics.value(series) for series in (IN_USE, IDLE, OVERFLOW, WAITING))


def test_a_connection_is_counted_when_it_is_opened_and_again_when_another_is(metrics):
    with metrics.adds(
        {**OPENED, **queries(select=2), IDLE: 1, "database_pool_max_connections": 15}
    ):
        engine.ping()
        engine.ping()
    with metrics.adds({**OPENED, **queries(select=1)}):
        engine.dispose()
        engine.ping()


def test_a_connection_that_fails_is_an_attempt_and_a_failure(
    metrics, databases_of_each_kind, use_database
):
    use_database(databases_of_each_kind.unreachable())
    with (
        metrics.adds({**OPENED, "database_connection_failures_total": 1}),
        pytest.raises(OperationalError),
    ):
        engine.ping()
    assert metrics.value(WAITING) == 0


def test_queries_are_counted_by_their_operation(metrics):
    engine.ping()
    statements = (
        "create table t (a int)",
        "INSERT INTO t VALUES (1)",
        "\n    insert into t values (2)",
        "Update t SET a = 3",
        "SELECT a FROM t",
        "WITH two AS (SELECT 2) SELECT * FROM two",
        "DELETE FROM t",
        "DROP TABLE t",
    )
    with (
        metrics.adds(queries(insert=2, update=1, select=1, delete=1, other=3)),
        engine.session() as session,
    ):
        for statement in statements:
            session.execute(text(statement))


def test_a_query_that_fails_is_timed_and_counted_as_failed(metrics):
    engine.ping()
    failed = {'database_query_failures_total{operation="select"}': 1}
    with (
        metrics.adds({**queries(select=1), **failed}),
        pytest.raises(DBAPIError),
        engine.session() as session,
    ):
        session.execute(text("SELECT * FROM nowhere"))


def test_a_duration_is_that_of_the_query(metrics):
    slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) "
    start = time.perf_counter()
    with engine.session() as session:
        session.execute(text(slow + "SELECT count(*) FROM n")).all()
    most = time.perf_counter() - start
    assert 0.01 < metrics.histogram("database_query_duration_seconds", operation="other").sum < most


def test_objects_are_counted_by_model_when_they_are_written(metrics):
    Base.metadata.create_all(engine.engine())
    with (
        metrics.adds({**written("insert", 3), **queries(insert=1)}),
        Session(engine.engine()) as session,
    ):
        notes = [Note(id=number, words="one") for number in range(3)]
        session.add_all(notes)
        session.commit()
        session.expunge_all()
    with (
        metrics.adds(
            {
                **written("update", 1),
                **written("delete", 2),
                **queries(select=1, update=1, delete=1),
            }
        ),
        engine.session() as session,
    ):
        first, *others = session.query(Note).all()
        first.words = "two"
        for other in others:
            session.delete(other)


def test_the_pool_shows_who_uses_it_and_who_waits(metrics, patch_settings):
    patch_settings(
        DatabaseSettings,
        database_pool_size=1,
        database_max_overflow=1,
        database_pool_timeout_seconds=20,
    )
    first = engine.engine().connect()
    assert pool(metrics) == (1, 0, 0, 0)
    second = engine.engine().connect()
    assert pool(metrics) == (2, 0, 1, 0)
    waiter = threading.Thread(target=engine.ping)
    waiter.start()
    wait_until(lambda: metrics.value(WAITING) == 1)
    first.close()
    waiter.join()
    assert pool(metrics) == (1, 1, 1, 0)
    second.close()
    assert pool(metrics) == (0, 1, 0, 0)
    assert metrics.value("database_pool_max_connections") == 2
    engine.dispose()
    assert pool(metrics) == (0, 0, 0, 0)


def test_a_caller_that_gives_up_waiting_is_counted(metrics, patch_settings):
    patch_settings(
        DatabaseSettings,
        database_pool_size=1,
        database_max_overflow=0,
        database_pool_timeout_seconds=0.05,
    )
    with engine.engine().connect(), metrics.adds({"database_pool_timeouts_total": 1}):
        with pytest.raises(PoolTimeoutError):
            engine.ping()
        assert pool(metrics) == (1, 0, 0, 0)


def fail(statement: str) -> None:
    """Run a statement in a session that then fails."""
    with engine.session() as session:
        session.execute(text(statement))
        raise KeyError


@pytest.mark.parametrize("statement", ["SELECT 1", "SELECT * FROM nowhere"])
def test_a_connection_goes_back_to_the_pool_whatever_ends_its_session(metrics, statement):
    for _ in range(20):
        with pytest.raises((DBAPIError, KeyError)):
            fail(statement)
    assert pool(metrics) == (0, 1, 0, 0)


def test_a_connection_that_is_thrown_away_leaves_the_pool(metrics):
    with engine.engine().connect() as connection:
        connection.invalidate()
        assert pool(metrics)[:2] == (0, 0)
    engine.ping()
    assert pool(metrics) == (0, 1, 0, 0)


def test_a_connection_that_is_taken_out_leaves_the_pool(metrics):
    with engine.engine().connect() as connection:
        connection.detach()
        assert pool(metrics)[:2] == (0, 0)
    engine.ping()
    assert pool(metrics) == (0, 1, 0, 0)


def test_what_migrates_is_no_connection_of_the_service(metrics):
    engine.dialect()
    with metrics.adds({}, "database"):
        migrations.upgrade()


def test_the_pool_says_nothing_at_every_start(caplog):
    caplog.set_level("INFO")
    engine.ping()
    engine.dispose()
    assert caplog.text == ""


def test_a_hundred_sessions_at_once_leave_nothing_behind(metrics):
    threads = [threading.Thread(target=engine.ping) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    in_use, idle, overflow, waiting = pool(metrics)
    assert (in_use, overflow, waiting) == (0, 0, 0)
    assert 1 <= idle <= 5
    assert metrics.histogram("database_query_duration_seconds", operation="select").count == 100


def test_a_broken_metric_breaks_no_query(metrics, as_in_production):
    prometheus_client.Counter("database_query_failures_total", "Another one of this name.")
    with engine.session() as session:
        assert session.execute(text("SELECT 7")).scalar_one() == 7
    assert metrics.value('metrics_errors_total{component="database"}') > 0


def test_switched_off_there_are_no_series_and_the_database_works(metrics, mock_env):
    mock_env(COLLECT_DATABASE_METRICS="false")
    with metrics.adds({}):
        engine.ping()


def wait_until(condition) -> None:
    """Wait for something that another thread is about to do."""
    until = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.005)
