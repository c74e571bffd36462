"""Probes and the report tell the truth, quickly and without details that help an attacker."""

import pytest

from {{ cookiecutter.package_name }}.platform.core.about import about
from {{ cookiecutter.package_name }}.platform.core.components import Component, HealthCheck
from {{ cookiecutter.package_name }}.platform.core.lifecycle import Lifecycle
from {{ cookiecutter.package_name }}.platform.health.report import Health
from {{ cookiecutter.package_name }}.platform.metrics import bound


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
            "version": about().version,
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


def test_the_metrics_say_what_runs(client, metrics):
    labels = f'name="{about().name}",version="{about().version}"'
    assert metrics.value("application_info{" + labels + "}") == 1.0


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
