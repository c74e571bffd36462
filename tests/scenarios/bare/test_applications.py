"""Applications that are made, started and asked more often than once."""

import time
from contextlib import asynccontextmanager

import pytest
from fastapi import FastAPI, Request
from prometheus_client import REGISTRY, CollectorRegistry, Counter, Gauge, Summary, make_asgi_app
from starlette.testclient import TestClient

DUPLICATED = r"Duplicated timeseries in CollectorRegistry: .*requests"


def create_app() -> FastAPI:
    """An application that counts its requests, as a tutorial writes it."""
    app = FastAPI()
    requests = Counter("requests_total", "Requests.", ["method", "path"])

    @app.middleware("http")
    async def count(request: Request, call_next):
        requests.labels(request.method, request.url.path).inc()
        return await call_next(request)

    app.mount("/metrics", make_asgi_app())
    return app


def series(name: str) -> int:
    """How many label sets a metric has."""
    return sum(sample.name == name for metric in REGISTRY.collect() for sample in metric.samples)


@pytest.mark.known_for(DUPLICATED)
def test_the_application_is_made_twice_in_a_test():
    for _ in range(2):
        TestClient(create_app()).get("/nowhere")
    assert REGISTRY.get_sample_value("requests_total", {"method": "GET", "path": "/nowhere"}) == 2.0


@pytest.mark.known_for(DUPLICATED)
def test_every_test_makes_the_application(fresh_run):
    done = fresh_run(
        "import pytest\nfrom fastapi import FastAPI\nfrom prometheus_client import Counter\n"
        "def create_app():\n"
        "    app = FastAPI()\n"
        '    app.state.requests = Counter("requests_total", "Requests.")\n'
        "    return app\n"
        "def test_one():\n    create_app()\n"
        "def test_two():\n    create_app()\n"
    )
    assert "2 passed" in done.stdout, done.stdout


@pytest.mark.known_for(DUPLICATED)
def test_the_lifespan_runs_twice():
    @asynccontextmanager
    async def lifespan(app: FastAPI):
        app.state.requests = Counter("requests_total", "Requests.")
        yield

    app = FastAPI(lifespan=lifespan)
    for _ in range(2):
        with TestClient(app):
            app.state.requests.inc()
    assert REGISTRY.get_sample_value("requests_total") == 2.0


@pytest.mark.known_for(r"assert 'requests_total 1\.0' in")
def test_a_scrape_reads_another_registry_than_the_requests_write():
    own = CollectorRegistry()
    requests = Counter("requests_total", "Requests.", registry=own)
    app = FastAPI()
    app.mount("/metrics", make_asgi_app())
    requests.inc()
    assert "requests_total 1.0" in TestClient(app).get("/metrics/").text


@pytest.mark.known_for(r"assert 500 == 200")
def test_a_metric_fails_inside_a_request():
    orders = Counter("orders_total", "Orders.", ["kind"])
    app = FastAPI()

    @app.get("/orders")
    def order() -> str:
        orders.labels(colour="red").inc()
        return "ordered"

    assert TestClient(app, raise_server_exceptions=False).get("/orders").status_code == 200


@pytest.mark.known_for(r"assert 300 <= 1")
def test_a_scanner_asks_for_every_path():
    client = TestClient(create_app())
    for number in range(300):
        client.get(f"/wp-admin/{number}")
    assert series("requests_total") <= 1


@pytest.mark.known_for(r"assert 100 <= 1")
def test_a_client_invents_methods():
    client = TestClient(create_app())
    for number in range(100):
        client.request(f"METHOD{number}", "/nowhere")
    assert series("requests_total") <= 1


@pytest.mark.known_for(r"assert 1\.0 == 0\.0")
def test_a_request_that_fails_stays_in_progress():
    in_progress = Gauge("in_progress", "Requests in progress.")
    app = FastAPI()

    @app.middleware("http")
    async def count(request: Request, call_next):
        in_progress.inc()
        response = await call_next(request)
        in_progress.dec()
        return response

    @app.get("/broken")
    def broken() -> None:
        raise RuntimeError("broken")

    TestClient(app, raise_server_exceptions=False).get("/broken")
    assert REGISTRY.get_sample_value("in_progress") == 0.0


@pytest.mark.known_for(r"assert -\d+\.\d+ >= 0")
def test_the_wall_clock_is_set_back_during_a_request(monkeypatch):
    took = Summary("took_seconds", "Time.")
    app = FastAPI()

    @app.get("/slow")
    def slow() -> None:
        start = time.time()
        monkeypatch.setattr(time, "time", lambda: start - 3600.0)
        took.observe(time.time() - start)

    TestClient(app).get("/slow")
    assert REGISTRY.get_sample_value("took_seconds_sum") >= 0
