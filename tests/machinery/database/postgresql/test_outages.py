"""A database that is down, slow or comes back: readiness says so, and nothing is left behind."""

import time
from concurrent.futures import ThreadPoolExecutor

import pytest

from {{ cookiecutter.package_name }}.platform.core.components import discover

IN_USE = 'database_pool_connections{state="in_use"}'
WAITING = "database_pool_waiting_callers"


@pytest.fixture
def linked_client(client, unreliable_link, use_database):
    """A client of the application, whose database is at the end of the link."""
    use_database(unreliable_link.url)
    assert client.get("/readyz").status_code == 200
    return client


def answers() -> bool:
    """Whether the service's own check of the database passes."""
    database = next(component for component in discover() if component.name == "database")
    try:
        database.checks[0].probe()
    except Exception:  # noqa: BLE001 - whatever the ORM raises
        return False
    return True


def wait_until(condition) -> None:
    """Wait for something that another thread is about to do."""
    until = time.monotonic() + 10
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)


def test_a_database_that_goes_down_is_noticed_counted_and_found_again(
    linked_client, unreliable_link, metrics
):
    unreliable_link.down()
    assert linked_client.get("/readyz").status_code == 503
    with metrics.adds({"database_connection_failures_total": 20}, "database_connection_failures"):
        for _ in range(10):  # two checks each: the database, and its migrations
            assert linked_client.get("/health").json()["checks"]["database"]["status"] == "failed"
    assert linked_client.get("/livez").status_code == 200
    unreliable_link.up()
    assert linked_client.get("/readyz").status_code == 200
    assert metrics.value(IN_USE) == metrics.value(WAITING) == 0


def test_a_database_that_stalls_makes_the_service_unready_within_a_second(
    linked_client, unreliable_link, metrics
):
    unreliable_link.stall()
    for _ in range(2):
        answer = linked_client.get("/health")
        assert answer.status_code == 503
        stalled = {"status": "timeout", "required": True, "latency_ms": 800.0}
        assert answer.json()["checks"] == {"database": stalled, "migrations": stalled}
    assert metrics.value(IN_USE) + metrics.value(WAITING) == 2
    unreliable_link.up()
    wait_until(lambda: linked_client.get("/readyz").status_code == 200)
    wait_until(lambda: metrics.value(IN_USE) == metrics.value(WAITING) == 0)


def test_what_fails_with_the_database_gives_its_connection_back(
    linked_client, unreliable_link, metrics
):
    with ThreadPoolExecutor(8) as pool:
        unreliable_link.down()
        assert list(pool.map(lambda _: answers(), range(60))) == [False] * 60
        assert metrics.value(IN_USE) == metrics.value(WAITING) == 0
        unreliable_link.up()
        assert list(pool.map(lambda _: answers(), range(60))) == [True] * 60
    assert metrics.value(IN_USE) == metrics.value(WAITING) == 0
