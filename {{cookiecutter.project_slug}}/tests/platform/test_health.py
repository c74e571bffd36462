"""Probes and the report tell the truth, quickly and without details that help an attacker."""

import threading
import time

import pytest

from {{ cookiecutter.package_name }}.platform.core.about import about
from {{ cookiecutter.package_name }}.platform.core.components import Component, HealthCheck
from {{ cookiecutter.package_name }}.platform.core.lifecycle import Lifecycle
from {{ cookiecutter.package_name }}.platform.health import window as window_module
from {{ cookiecutter.package_name }}.platform.health.checks import CheckRunner
from {{ cookiecutter.package_name }}.platform.health.report import Health
from {{ cookiecutter.package_name }}.platform.health.window import RequestWindow
from {{ cookiecutter.package_name }}.platform.metrics.factory import bound


def fail() -> None:
    """A probe of something that is down."""
    raise ConnectionError("postgresql://user:s3cret@host")


def health_of(*checks: HealthCheck) -> Health:
    """The health of a service that has started, with those checks."""
    components = [Component(name="example", checks=checks)]
    life = Lifecycle(components, bound)
    life.start()
    return Health(life, components, "1.2.3")


def test_a_healthy_service_is_live_ready_and_healthy(client):
    assert client.get("/livez").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"status": "ready"}
    for path in ("/health", "/api/health"):
        answer = client.get(path)
        assert answer.status_code == 200
        report = answer.json()
        checks = report.pop("checks")
        assert report == {
            "status": "healthy",
            "version": "0.1.0",
            "scope": "all",
            "recent_errors_5min": 0,
            "avg_response_time_ms": 0.0,
            "concurrent_users": 0,
        }
        assert {"database", "migrations"} <= checks.keys()
        assert {check["status"] for check in checks.values()} == {"ok"}


def test_a_database_that_is_down_makes_the_service_unready_but_not_dead(client, lose_database):
    lose_database()
    assert client.get("/livez").status_code == 200
    unready = client.get("/readyz")
    assert unready.status_code == 503
    assert unready.json() == {"status": "unready", "failed": "database, migrations"}
    unhealthy = client.get("/health")
    assert unhealthy.status_code == 503
    assert unhealthy.json()["status"] == "unhealthy"
    assert unhealthy.json()["checks"]["database"]["status"] == "failed"
    assert "no-such" not in unhealthy.text


def test_the_report_speaks_health_json_to_those_who_ask_for_it(client):
    plain = client.get("/health")
    asked = client.get("/health", headers={"accept": "application/health+json"})
    assert plain.headers["content-type"] == "application/json"
    assert asked.headers["content-type"] == "application/health+json"


def test_the_report_sums_up_the_requests(client):
    for path in ("/probe/outer/inner/1", "/nowhere", "/probe/broken"):
        client.get(path)
    report = client.get("/health").json()
    assert report["recent_errors_5min"] == 1
    assert report["avg_response_time_ms"] > 0
    assert report["concurrent_users"] == 1


@pytest.mark.parametrize(("workers", "scope"), [("1", "all"), ("2", "one")])
def test_the_report_says_whether_it_speaks_for_all_workers(mock_env, workers, scope):
    mock_env(WORKERS=workers)
    assert health_of().report()[1]["scope"] == scope


def test_the_metrics_say_what_runs(client, metrics):
    labels = f'name="{about().name}",version="0.1.0"'
    assert metrics.samples("application") == {"application_info{" + labels + "}": 1.0}


def test_a_service_that_has_not_started_is_not_ready():
    life = Lifecycle([], bound)
    assert Health(life, [], "1").ready() == (False, {"status": "stopped"})
    life.start()
    assert Health(life, [], "1").ready() == (True, {"status": "ready"})


@pytest.mark.parametrize(
    ("required", "status", "ready", "code"),
    [(True, "unhealthy", False, 503), (False, "degraded", True, 200)],
)
def test_only_a_required_check_makes_the_service_unready(required, status, ready, code):
    health = health_of(HealthCheck(name="down", probe=fail, required=required))
    assert health.ready()[0] is ready
    reported, body = health.report()
    assert (reported, body["status"]) == (code, status)
    assert "s3cret" not in str(body)


def test_checks_run_at_the_same_time_and_within_their_timeout():
    hold = threading.Event()
    slow = [HealthCheck(name=f"slow{number}", probe=hold.wait) for number in range(5)]
    quick = HealthCheck(name="quick", probe=lambda: None)
    runner = CheckRunner([*slow, quick], timeout_seconds=0.1, keep_seconds=0)
    start = time.perf_counter()
    results = runner.results()
    assert time.perf_counter() - start < 0.5
    assert [result.outcome for result in results] == ["timeout"] * 5 + ["ok"]
    hold.set()


def test_a_check_that_hangs_is_not_started_again_until_it_ends():
    hold = threading.Event()
    started = []

    def hang() -> None:
        started.append(1)
        hold.wait()

    runner = CheckRunner([HealthCheck(name="hangs", probe=hang)], 0.05, keep_seconds=0)
    assert [runner.results()[0].outcome for _ in range(3)] == ["timeout"] * 3
    assert len(started) == 1
    hold.set()
    wait_until(lambda: runner.results()[0].outcome == "ok")


def test_results_are_kept_and_callers_share_a_run():
    runs = []
    check = HealthCheck(name="counted", probe=lambda: runs.append(1))
    runner = CheckRunner([check], timeout_seconds=1, keep_seconds=60)
    threads = [threading.Thread(target=runner.results) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(runs) == 1


def test_a_change_of_outcome_is_logged_once_without_details(caplog):
    health = health_of(HealthCheck(name="down", probe=fail))
    health.ready()
    health.ready()
    assert [record.getMessage() for record in caplog.records] == [
        "health check down: ConnectionError"
    ]


def test_the_window_keeps_a_hundred_requests_and_five_minutes(monkeypatch):
    now = 0.0
    monkeypatch.setattr(window_module, "perf_counter", lambda: now)
    window = RequestWindow()
    for _ in range(150):
        window.record((0.0, 0.010, 500, "192.0.2.1"))
    assert window.summary() == (100, 10.0, 1)
    now = 301.0
    window.record((301.0, 0.020, 200, "192.0.2.2"))
    assert window.summary() == (0, 10.1, 1)


def wait_until(condition) -> None:
    """Wait for something that another thread is about to do."""
    until = time.monotonic() + 5
    while not condition():
        assert time.monotonic() < until
        time.sleep(0.01)
