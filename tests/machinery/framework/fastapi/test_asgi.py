"""What only an ASGI application can do: mounts, cancellation, websockets, several lives."""

import asyncio

import pytest
from fastapi import WebSocket
from starlette.requests import ClientDisconnect
from starlette.routing import Route
from starlette.testclient import TestClient

from {{ cookiecutter.package_name }}.platform.health.window import RequestWindow
from {{ cookiecutter.package_name }}.platform.web.app import create_app
from {{ cookiecutter.package_name }}.platform.web.middleware import HttpMetricsMiddleware


def counted(endpoint: str, status: int, times: int = 1) -> dict[str, float]:
    """What so many GET requests add."""
    labels = f'endpoint="{endpoint}",method="GET"'
    return {
        "http_requests_total{" + labels + f',status="{status}"' + "}": times,
        "http_request_duration_seconds_count{" + labels + "}": times,
    }


def test_templates_are_full_through_mounts(client, metrics):
    with metrics.adds(
        counted("/mounted/{tenant}/own/{two}", 200)
        | counted("/mounted/{tenant}/deep/inner/{one}", 200, times=2)
        | counted("/plain", 200, times=2)
        | counted("unmatched", 404)
    ):
        for path in (
            "/mounted/a/own/1",
            "/mounted/b/deep/inner/1",
            "/mounted/b/deep/inner/2",
            "/plain/x",
            "/plain/y",
            "/mounted/a/nowhere",
        ):
            client.get(path)


def serve_once(app, sent):
    """Serve one `GET /example` with that application, collecting what it sends."""

    async def send(message):
        sent.append(message)

    scope = {"type": "http", "method": "GET", "path": "/example", "client": ("192.0.2.1", 1)}
    asyncio.run(HttpMetricsMiddleware(app, window=RequestWindow())(scope, None, send))


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
        await send({"type": "http.response.start", "status": 200, "headers": []})
        raise raised

    route = Route("/example", app)
    route.app = app
    with metrics.adds(counted("/example", status)), pytest.raises(type(raised)):
        serve_once(route, [])
    assert metrics.samples("http_requests_in_progress") == {
        'http_requests_in_progress{endpoint="/example",method="GET"}': 0.0
    }


def test_an_answer_that_is_never_finished_is_a_client_gone(metrics):
    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x", "more_body": True})

    with metrics.adds(counted("unmatched", 499)):
        serve_once(app, [])


def test_a_request_is_counted_before_its_last_part_is_handed_over(metrics):
    series = 'http_requests_total{endpoint="unmatched",method="GET",status="200"}'

    class Counts(list):
        def append(self, message):
            super().append(metrics.samples("http_requests").get(series, 0.0))

    async def app(scope, receive, send):
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"x", "more_body": True})
        await send({"type": "http.response.body", "body": b""})

    counts = Counts()
    serve_once(app, counts)
    assert counts == [0.0, 0.0, 1.0]


def test_websockets_pass_untouched(client, metrics):
    @client.app.websocket("/socket")
    async def socket(websocket: WebSocket):
        await websocket.accept()
        await websocket.send_text(await websocket.receive_text())
        await websocket.close()

    with metrics.adds({}), client.websocket_connect("/socket") as open_socket:
        open_socket.send_text("hello")
        assert open_socket.receive_text() == "hello"


def test_two_applications_and_two_lives_share_the_metrics(client, metrics):
    other = create_app()
    with metrics.adds(counted("unmatched", 404, times=4), "http"):
        for _ in range(2):
            with TestClient(other) as second:
                second.get("/nowhere")
                client.get("/nowhere")
