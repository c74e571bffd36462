"""Applications that are made, started and asked more often than once."""

import time

import pytest
from example_service.app import create_app
from example_service.platform.metrics import Counter, MetricGroup, bound, closed
from starlette.testclient import TestClient


class OrderMetrics(MetricGroup, component="orders"):
    """A counter that is easy to use wrongly."""

    orders = Counter("orders_total", "Orders.", {"kind": closed("new", "renewed")})


def answered(metrics) -> dict[str, float]:
    """Every series of answered requests."""
    samples = metrics.samples("http_requests")
    return {series: value for series, value in samples.items() if "_total" in series}


def unmatched(method: str) -> str:
    """The series of requests that no route took."""
    return 'http_requests_total{endpoint="unmatched",method="' + method + '",status="404"}'


def test_the_application_is_made_twice_in_a_test(database, metrics):
    for _ in range(2):
        with TestClient(create_app()) as client:
            client.get("/nowhere")
    assert answered(metrics) == {unmatched("GET"): 2.0}


@pytest.mark.parametrize("turn", [1, 2])
def test_every_test_makes_the_application(turn, database, metrics):
    with TestClient(create_app()) as client:
        client.get("/nowhere")
    assert answered(metrics) == {unmatched("GET"): 1.0}


def test_the_lifespan_runs_twice(database, metrics):
    app = create_app()
    for _ in range(2):
        with TestClient(app) as client:
            client.get("/nowhere")
    assert answered(metrics) == {unmatched("GET"): 2.0}


def test_a_scrape_reads_another_registry_than_the_requests_write(client):
    client.get("/nowhere")
    written = 'http_requests_total{endpoint="unmatched",method="GET",status="404"} 1.0'
    assert written in client.get("/metrics").text


def test_a_metric_fails_inside_a_request(database, metrics, as_in_production):
    app = create_app()

    @app.get("/orders")
    def order() -> str:
        bound(OrderMetrics).orders.labels("red").inc()
        return "ordered"

    with TestClient(app) as client:
        assert client.get("/orders").status_code == 200
    assert metrics.value('metrics_errors_total{component="orders"}') == 1.0
    assert metrics.series("orders_total") == 0


def test_a_scanner_asks_for_every_path(client, metrics):
    for number in range(300):
        client.get(f"/wp-admin/{number}")
    assert answered(metrics) == {unmatched("GET"): 300.0}


def test_a_client_invents_methods(client, metrics):
    for number in range(100):
        client.request(f"METHOD{number}", "/nowhere")
    assert answered(metrics) == {unmatched("_OTHER"): 100.0}


def test_a_request_that_fails_stays_in_progress(client, metrics):
    assert client.get("/probe/broken").status_code == 500
    assert metrics.value('http_requests_in_progress{method="GET"}') == 0.0


def test_the_wall_clock_is_set_back_during_a_request(client, metrics, monkeypatch):
    now = time.time()
    clock = iter(range(1_000_000))
    monkeypatch.setattr(time, "time", lambda: now - 3600.0 * next(clock))
    client.get("/nowhere")
    took = metrics.histogram("http_request_duration_seconds", method="GET", endpoint="unmatched")
    assert took.count == 1.0
    assert 0 < took.sum < 60
