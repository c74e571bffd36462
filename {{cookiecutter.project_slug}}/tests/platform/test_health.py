"""Probes and the report tell the truth, quickly and without details that help an attacker."""

import json
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

import pytest

from {{ cookiecutter.package_name }}.platform.core.about import about
from {{ cookiecutter.package_name }}.platform.core.components import Component, HealthCheck
from {{ cookiecutter.package_name }}.platform.core.lifecycle import Lifecycle
from {{ cookiecutter.package_name }}.platform.health import (
    checks,
    get_health_status,
    register_health_check,
    window,
)
from {{ cookiecutter.package_name }}.platform.health.report import Health

TOKEN = "5" * 32


@pytest.fixture
def operators(database, mock_env):
    """In production, with a token; ask for `client` after it."""
    mock_env(ENVIRONMENT="production", SECRET_KEY="6" * 32, OPERATIONS_TOKEN=TOKEN)


@pytest.fixture
def registered(monkeypatch):
    """Forget after the test which checks it registered."""
    monkeypatch.setattr(checks, "_registered", {})


def fail() -> None:
    """A probe of something that is down."""
    raise ConnectionError("postgresql://user:s3cret@host")


def health_of(*checks: HealthCheck) -> Health:
    """The health of a service that has started, with those checks."""
    components = [Component(name="example", checks=checks)]
    life = Lifecycle(components)
    life.start()
    return Health(life, components)


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
            "version": about().version,
            "scope": "all",
            "recent_errors_5min": 0,
            "avg_response_time_ms": 0.0,
            "concurrent_users": 0,
            "slow_requests": [],
        }
        assert {"database", "migrations"} <= checks.keys()
        assert {check["status"] for check in checks.values()} == {"ok"}


def test_a_database_that_is_down_makes_the_service_unready_but_not_dead(client, lose_database):
    lose_database()
    assert client.get("/livez").status_code == 200
    unready = client.get("/readyz")
    assert unready.status_code == 503
    assert unready.json()["status"] == "unready"
    assert {"database", "migrations"} <= set(unready.json()["failed"].split(", "))
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


def test_the_metrics_say_what_runs(client):
    labels = f'name="{about().name}",version="{about().version}"'
    assert "application_info{" + labels + "} 1.0" in client.get("/metrics").text


def test_a_service_that_has_not_started_is_not_ready():
    life = Lifecycle([])
    assert Health(life, []).ready() == (503, {"status": "stopped"})
    life.start()
    assert Health(life, []).ready() == (200, {"status": "ready"})


@pytest.mark.parametrize(
    ("required", "status", "ready", "code"),
    [(True, "unhealthy", 503, 503), (False, "degraded", 200, 200)],
)
def test_only_a_required_check_makes_the_service_unready(required, status, ready, code):
    health = health_of(HealthCheck(name="down", probe=fail, required=required))
    assert health.ready()[0] == ready
    reported, body = health.report()
    assert (reported, body["status"]) == (code, status)
    assert "s3cret" not in str(body)


@pytest.mark.parametrize(
    ("sent", "known"),
    [
        (None, False),
        (f"Bearer {TOKEN}", True),
        (f"bearer  {TOKEN} ", True),
        (f"Bearer {TOKEN}5", False),
        (f"Basic {TOKEN}", False),
        ("Bearer", False),
    ],
)
def test_production_shows_details_and_metrics_to_whoever_sends_the_token(
    operators, client, sent, known
):
    headers = {} if sent is None else {"authorization": sent}
    report = client.get("/health", headers=headers)
    assert report.status_code == 200
    assert report.json()["status"] == "healthy"
    assert ({"version", "checks", "slow_requests"} <= report.json().keys()) is known
    assert (len(report.json()) > 1) is known
    scrape = client.get("/metrics", headers=headers)
    assert scrape.status_code == (200 if known else 401)
    assert scrape.headers.get("www-authenticate") == (None if known else "Bearer")
    assert ("application_info" in scrape.text) is known


def test_without_the_token_readiness_says_no_more_than_its_status(
    operators, client, lose_database, mock_env
):
    lose_database()
    assert client.get("/readyz").json() == {"status": "unready"}
    answer = client.get("/readyz", headers={"authorization": f"Bearer {TOKEN}"})
    assert "database" in answer.json()["failed"]


@pytest.mark.parametrize(
    ("details", "token", "shown"),
    [
        ("always", "", True),
        ("authorized", "", False),
        ("authorized", TOKEN, True),
        ("never", TOKEN, False),
    ],
)
def test_details_are_for_those_that_the_setting_names(mock_env, details, token, shown):
    mock_env(HEALTH_DETAILS=details, OPERATIONS_TOKEN=token)
    body, *_ = health_of().answer("GET", "/health", None, f"Bearer {token}")
    assert ("checks" in json.loads(body)) is shown


def test_a_run_of_the_checks_is_a_status_and_a_duration_of_each(metrics):
    runs = "health_check_duration_seconds_count"
    health = health_of(
        HealthCheck(name="up", probe=lambda: None), HealthCheck(name="down", probe=fail)
    )
    with metrics.adds({f'{runs}{{check="up"}}': 2, f'{runs}{{check="down"}}': 2}, "health_check_d"):
        health.ready()
        health.report()
    assert metrics.value('health_check_status{check="up"}') == 1
    assert metrics.value('health_check_status{check="down"}') == 0


def test_code_that_is_no_component_registers_a_check_and_asks_how_the_service_is(
    client, registered
):
    register_health_check("queue", fail, required=False)
    assert client.get("/health").json()["status"] == "degraded"
    assert client.get("/readyz").status_code == 200
    assert get_health_status()["checks"]["queue"]["status"] == "failed"
    register_health_check("queue", lambda: None)
    assert get_health_status()["status"] == "healthy"


def test_the_report_names_the_requests_that_hang_with_their_route(
    client, gate, monkeypatch, metrics
):
    with ThreadPoolExecutor(2) as pool:
        hanging = [pool.submit(client.get, f"/probe/waiting/{number}") for number in (1, 2)]
        for _ in hanging:
            assert gate.entered.acquire(timeout=5)
        assert client.get("/health").json()["slow_requests"] == []
        monkeypatch.setattr(window, "perf_counter", lambda: perf_counter() + 60)
        shown = client.get("/health").json()["slow_requests"]
        again = client.get("/health").json()["slow_requests"]
        gate.opened.set()
        assert [answer.result().status_code for answer in hanging] == [200, 200]
    named = [(one["method"], one["endpoint"]) for one in shown + again]
    assert named == [("GET", "/probe/waiting/{number}")] * 4
    assert all(60 <= one["age_seconds"] < 90 for one in shown)
    labels = 'endpoint="/probe/waiting/{number}",method="GET",status="200"'
    assert metrics.value("http_requests_total{" + labels + "}") == 2
    assert client.get("/health").json()["slow_requests"] == []
