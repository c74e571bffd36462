"""Connections, queries and written objects are counted exactly, on every database."""

import gc
import os
import re
import threading
import time
from pathlib import Path

import prometheus_client
import pytest
from django.contrib.auth import get_user_model
from django.core.signals import request_finished
from django.db import DatabaseError, OperationalError, connection, transaction

from {{ cookiecutter.package_name }}.platform.db import engine
from {{ cookiecutter.package_name }}.platform.db.measured import MOST_CONNECTIONS, give_back
from {{ cookiecutter.package_name }}.platform.web.threads import THREADS

IN_USE = 'database_pool_connections{state="in_use"}'
IDLE = 'database_pool_connections{state="idle"}'
WAITING = "database_pool_waiting_callers"
OPENED = {"database_connection_attempts_total": 1, "database_connection_duration_seconds_count": 1}


@pytest.fixture
def empty(databases_of_each_kind, use_database):
    """A database without tables; the service uses it."""
    use_database(databases_of_each_kind.empty())


def queries(**times: int) -> dict[str, float]:
    """What so many queries of each operation add."""
    name = "database_query_duration_seconds_count"
    return {name + '{operation="' + word + '"}': number for word, number in times.items()}


def written(operation: str, times: int = 1) -> dict[str, float]:
    """What so many users that were written add."""
    labels = 'model="User",operation="' + operation + '"'
    return {"database_model_operations_total{" + labels + "}": times}


def pool(metrics) -> tuple[float, ...]:
    """The connections in use and idle, and the callers that wait."""
    return tuple(metrics.value(series) for series in (IN_USE, IDLE, WAITING))


def execute(statement: str) -> None:
    """Run one statement on this thread's connection."""
    with connection.cursor() as cursor:
        cursor.execute(statement)


def test_a_connection_is_counted_when_it_is_opened_and_again_when_another_is(empty, metrics):
    limit = {"database_pool_max_connections": MOST_CONNECTIONS}
    with metrics.adds({**OPENED, **queries(select=2), **limit, IN_USE: 1}):
        execute("SELECT 1")
        execute("SELECT 1")
    with metrics.adds({**OPENED, **queries(select=1)}):
        engine.dispose()
        execute("SELECT 1")


def test_as_many_connections_may_be_open_as_threads_serve_check_and_poll(empty):
    assert THREADS + len(("database", "migrations", "polling")) == MOST_CONNECTIONS


def test_every_thread_that_serves_being_in_a_query_is_told_as_saturation():
    objectives = Path("monitoring/prometheus/rules/objectives.yaml").read_text(encoding="utf-8")
    [threshold] = re.findall("database_pool_used:threshold\n +expr: (.+)", objectives)
    assert float(threshold) < THREADS / MOST_CONNECTIONS


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


def test_queries_are_counted_by_their_operation_and_transactions_are_none(empty, metrics):
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
    connection.ensure_connection()
    with (
        metrics.adds(queries(insert=2, update=1, select=1, delete=1, other=3)),
        transaction.atomic(),
        transaction.atomic(),
    ):
        for statement in statements:
            execute(statement)


def test_a_query_that_fails_is_timed_and_counted_as_failed(empty, metrics):
    connection.ensure_connection()
    failed = {'database_query_failures_total{operation="select"}': 1}
    with metrics.adds({**queries(select=1), **failed}), pytest.raises(DatabaseError):
        execute("SELECT * FROM nowhere")


def test_a_duration_is_that_of_the_query(empty, metrics):
    slow = "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 300000) "
    start = time.perf_counter()
    execute(slow + "SELECT count(*) FROM n")
    most = time.perf_counter() - start
    assert 0.01 < metrics.histogram("database_query_duration_seconds", operation="other").sum < most


def test_objects_are_counted_by_model_when_they_are_written(database, metrics):
    users = get_user_model().objects
    assert users.count() == 0
    with metrics.adds({**written("insert"), **queries(insert=1)}):
        ada = users.create(username="ada")
    with metrics.adds({**written("update"), **queries(update=1)}):
        ada.first_name = "Ada"
        ada.save()
    with metrics.adds(written("delete"), "database_model_operations"):
        ada.delete()


def test_the_connections_show_who_uses_them(empty, metrics):
    execute("SELECT 1")
    assert pool(metrics) == (1, 0, 0)
    request_finished.send(sender=None)
    assert pool(metrics) == (0, 1, 0)
    execute("SELECT 1")
    assert pool(metrics) == (1, 0, 0)
    give_back()
    engine.dispose()
    assert pool(metrics) == (0, 0, 0)


def test_a_hundred_checks_at_once_leave_nothing_behind(empty, metrics):
    threads = [threading.Thread(target=engine.ping) for _ in range(100)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert pool(metrics) == (0, 0, 0)


def test_the_connection_of_a_thread_that_ended_is_closed_and_neither_in_use_nor_idle(
    empty, metrics
):
    opened = []

    def work() -> None:
        execute("SELECT 1")
        opened.append(connection.connection)
        everybody_is_there.wait()

    everybody_is_there = threading.Barrier(11)
    threads = [threading.Thread(target=work) for _ in range(10)]
    for thread in threads:
        thread.start()
    execute("SELECT 1")
    everybody_is_there.wait()
    for thread in threads:
        thread.join()
    assert pool(metrics) == (1, 0, 0)
    for one in opened:
        with pytest.raises(Exception, match="closed"):
            one.execute("SELECT 1")
    execute("SELECT 1")


@pytest.mark.forked
def test_a_child_leaves_the_connections_of_its_parent_open(empty, metrics):
    there, done = threading.Event(), threading.Event()
    answers = []

    def work() -> None:
        execute("SELECT 1")
        there.set()
        done.wait()
        with connection.cursor() as cursor:
            cursor.execute("SELECT 7")
            answers.append(cursor.fetchone())

    thread = threading.Thread(target=work)
    thread.start()
    there.wait()
    child = os.fork()
    if child == 0:
        gc.collect()
        os._exit(0)
    os.waitpid(child, 0)
    done.set()
    thread.join()
    assert answers == [(7,)]


def test_a_broken_metric_breaks_no_query(empty, metrics, as_in_production):
    prometheus_client.Counter("database_query_failures_total", "Another one of this name.")
    with connection.cursor() as cursor:
        cursor.execute("SELECT 7")
        assert cursor.fetchone() == (7,)
    assert metrics.value('metrics_errors_total{component="database"}') > 0


def test_switched_off_there_are_no_series_and_the_database_works(empty, metrics, mock_env):
    mock_env(COLLECT_DATABASE_METRICS="false")
    with metrics.adds({}):
        engine.ping()
