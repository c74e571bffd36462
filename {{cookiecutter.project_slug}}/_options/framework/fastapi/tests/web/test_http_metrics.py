"""Every request is counted once under its full route template, whatever becomes of it."""

import asyncio
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from fastapi import APIRouter, FastAPI, WebSocket
from fastapi.responses import PlainTextResponse, StreamingResponse
from starlette.requests import ClientDisconnect

from {{ cookiecutter.package_name }}.web import metrics as http
from {{ cookiecutter.package_name }}.web.middleware import HttpMetricsMiddleware, MeasuredRequest


def counted(endpoint: str, status: int, method: str = "GET", times: int = 1) -> dict[str, float]:
    """What so many requests add."""
    labels = f'endpoint="{endpoint}",method="{method}"'
    return {
        "http_requests_total{" + labels + f',status="{status}"' + "}": times,
        "http_request_duration_seconds_count{" + labels + "}": times,
    }


def test_a_path_without_a_route_is_unmatched(client, metrics):
    with metrics.adds(counted("unmatched", 404, times=3)):
        for path in ("/nowhere", "/api/bookmarks/1/2", "/metrics/deeper"):
            assert client.get(path).status_code == 404


def test_a_method_that_the_route_lacks_keeps_its_template(client, metrics):
    with metrics.adds(counted("/api/bookmarks/{id}", 405, "PUT")):
        assert client.put("/api/bookmarks/1").status_code == 405


def test_a_method_that_nobody_defined_is_other(client, metrics):
    with metrics.adds(counted("/api/bookmarks", 405, "_OTHER", times=2)):
        client.request("BREW", "/api/bookmarks")
        client.request("GETS", "/api/bookmarks")


def test_an_unhandled_error_is_a_500(client, metrics):
    @client.app.get("/broken")
    def broken():
        raise RuntimeError("broken")

    with metrics.adds(counted("/broken", 500)):
        assert client.get("/broken").status_code == 500


def test_probes_and_scrapes_are_left_out(client, metrics):
    with metrics.adds({}):
        for path in ("/metrics", "/livez", "/readyz", "/health", "/api/health"):
            assert client.get(path).status_code == 200


def test_templates_are_full_through_routers_and_mounts(client, metrics):
    """Fails too when an upgrade of FastAPI moves the context that knows the prefixes."""
    inner = APIRouter(prefix="/inner")
    inner.add_api_route("/{one}", lambda one: one)
    outer = APIRouter(prefix="/outer")
    outer.include_router(inner)
    client.app.include_router(outer, prefix="/v1")
    mounted = FastAPI()
    mounted.add_api_route("/own/{two}", lambda two: two)
    mounted.include_router(inner, prefix="/deep")
    client.app.mount("/mounted/{tenant}", mounted)
    client.app.mount("/plain", PlainTextResponse("plain"))
    with metrics.adds(
        counted("/v1/outer/inner/{one}", 200, times=2)
        | counted("/mounted/{tenant}/own/{two}", 200)
        | counted("/mounted/{tenant}/deep/inner/{one}", 200)
        | counted("/plain", 200, times=2)
        | counted("unmatched", 404)
    ):
        for path in (
            "/v1/outer/inner/1",
            "/v1/outer/inner/2",
            "/mounted/a/own/1",
            "/mounted/b/deep/inner/1",
            "/plain/x",
            "/plain/y",
            "/mounted/a/nowhere",
        ):
            client.get(path)


def test_a_stream_is_timed_to_its_last_byte(client, metrics):
    def parts():
        for _ in range(4):
            threading.Event().wait(0.05)
            yield b"part"

    client.app.add_api_route("/stream", lambda: StreamingResponse(parts()))
    with metrics.adds(counted("/stream", 200)):
        assert client.get("/stream").content == b"part" * 4
    observed = metrics.histogram("http_request_duration_seconds", endpoint="/stream", method="GET")
    assert observed.sum >= 0.2


def test_a_stream_that_breaks_is_a_500(client, metrics):
    def parts():
        yield b"part"
        raise RuntimeError("half way")

    client.app.add_api_route("/broken-stream", lambda: StreamingResponse(parts()))
    with metrics.adds(counted("/broken-stream", 500)):
        client.get("/broken-stream")


def test_a_request_is_in_progress_until_it_is_answered(client, metrics):
    entered, release = threading.Barrier(4), threading.Event()

    def wait() -> None:
        entered.wait()
        release.wait()

    client.app.add_api_route("/waiting/{n}", wait)
    gauge = 'http_requests_in_progress{endpoint="/waiting/{n}",method="GET"}'
    with ThreadPoolExecutor(3) as pool:
        requests = [pool.submit(client.get, f"/waiting/{number}") for number in range(3)]
        entered.wait()
        assert metrics.value(gauge) == 3.0
        release.set()
        assert [request.result().status_code for request in requests] == [200] * 3
    assert metrics.value(gauge) == 0.0


def test_a_hundred_concurrent_requests_are_all_counted(client, metrics):
    with (
        metrics.adds(
            counted("/api/bookmarks/{id}", 404, times=100)
            | {
                'bookmarks_operations_total{operation="get",outcome="not_found"}': 100,
                'bookmarks_operation_duration_seconds_count{operation="get"}': 100,
            }
        ),
        ThreadPoolExecutor(20) as pool,
    ):
        list(pool.map(lambda n: client.get(f"/api/bookmarks/{n + 1}"), range(100)))


def serve_once(app, messages=()):
    """Serve one request of `GET /example` with that ASGI application; returns what it sent."""
    sent = []

    async def send(message):
        sent.append(message)

    async def receive():
        return {"type": "http.disconnect"}

    scope = {"type": "http", "method": "GET", "path": "/example", "client": ("192.0.2.1", 1)}
    try:
        asyncio.run(HttpMetricsMiddleware(app, window=Window())(scope, receive, send))
    except BaseException as error:  # noqa: BLE001 - SystemExit and cancellation are cases too
        sent.append(error)
    return sent


class Window:
    """A window that keeps nothing."""

    def record(self, status, seconds, client):
        """Keep nothing."""


@pytest.mark.parametrize(
    ("raised", "status"),
    [
        (RuntimeError(), 500),
        (SystemExit(), 500),
        (asyncio.CancelledError(), 499),
        (ClientDisconnect(), 499),
    ],
)
def test_whatever_ends_a_request_counts_it_once_and_goes_on(metrics, raised, status):
    async def app(scope, receive, send):
        scope["route"] = type("Route", (), {"path_format": "/example"})
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise raised

    with metrics.adds(counted("/example", status)):
        assert serve_once(app)[-1] is raised
    assert metrics.samples("http_requests_in_progress") == {
        'http_requests_in_progress{endpoint="/example",method="GET"}': 0.0
    }


def test_an_answer_that_is_never_finished_is_a_client_gone(metrics):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x", "more_body": True})

    with metrics.adds(counted("unmatched", 499)):
        serve_once(app)


def test_a_request_is_counted_before_its_last_part_is_handed_over(metrics):
    seen = []

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x"})

    async def run():
        async def send(message):
            seen.append(metrics.samples("http_requests").get(series, 0.0))

        await HttpMetricsMiddleware(app, window=Window())(
            {"type": "http", "method": "GET", "path": "/"}, None, send
        )

    series = 'http_requests_total{endpoint="unmatched",method="GET",status="200"}'
    asyncio.run(run())
    assert seen == [0.0, 1.0]


def test_a_broken_metric_breaks_no_request(client, metrics, monkeypatch):
    def broken():
        raise RuntimeError("a metric is broken")

    monkeypatch.setattr(MeasuredRequest.__module__ + ".get_metrics", broken)
    assert client.get("/api/bookmarks").status_code == 200
    assert client.get("/nowhere").status_code == 404
    assert metrics.value('metrics_errors_total{component="http"}') == 3.0


def test_websockets_and_the_lifespan_pass_untouched(client, metrics):
    @client.app.websocket("/socket")
    async def socket(websocket: WebSocket):
        await websocket.accept()
        await websocket.send_text(await websocket.receive_text())
        await websocket.close()

    with metrics.adds({}), client.websocket_connect("/socket") as open_socket:
        open_socket.send_text("hello")
        assert open_socket.receive_text() == "hello"


def test_two_applications_and_two_lives_share_the_metrics(client, metrics):
    from starlette.testclient import TestClient

    from {{ cookiecutter.package_name }}.web.app import create_app

    other = create_app()
    with metrics.adds(counted("unmatched", 404, times=4)):
        for _ in range(2):
            with TestClient(other) as second:
                second.get("/nowhere")
                client.get("/nowhere")


def test_methods_are_those_of_the_specification():
    assert len(http.METHODS) == 10
