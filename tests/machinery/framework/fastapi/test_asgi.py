"""The layer around the application, spoken to as a server does."""

import asyncio
import logging

import pytest
from fastapi import FastAPI
from starlette.requests import Request

from {{ cookiecutter.package_name }}.platform.web import install

BODY = {"type": "http.response.body"}
START = {"type": "http.response.start", "status": 200, "headers": []}


def counted(endpoint: str, status: int, method: str = "GET") -> dict[str, float]:
    """What one request adds."""
    labels = f'endpoint="{endpoint}",method="{method}"'
    return {
        "http_requests_total{" + labels + f',status="{status}"' + "}": 1.0,
        "http_request_duration_seconds_count{" + labels + "}": 1.0,
    }


def serve_once(route, sent=None, received=(), **scope):
    """Serve one request of an application whose only answer is that ASGI callable."""
    app = FastAPI(openapi_url=None)
    install(app, components=[])
    app.mount("/mount", route)
    sent = [] if sent is None else sent
    messages = iter(received)

    async def send(message):
        sent.append(message)

    async def receive():
        return next(messages)

    path = "/mount/example"
    asked = {"type": "http", "method": "GET", "path": path, "headers": [], "query_string": b""}
    asyncio.run(app({**asked, "client": ("192.0.2.1", 1), **scope}, receive, send))
    return app.state.service


@pytest.mark.parametrize(
    ("raised", "status"),
    [(RuntimeError(), 500), (SystemExit(), 500), (asyncio.CancelledError(), 500), (None, 499)],
)
def test_whatever_ends_a_request_counts_it_once_and_goes_on(metrics, raised, status):
    async def route(scope, receive, send):
        await send(START)
        if raised is None:  # the server ends the request
            asyncio.current_task().cancel()
            await asyncio.sleep(0)
        raise raised

    ends = RuntimeError if raised else asyncio.CancelledError  # no route ends the worker
    with metrics.adds(counted("/mount", status), "http"), pytest.raises(ends):
        serve_once(route)
    assert metrics.value('http_requests_in_progress{method="GET"}') == 0.0


def test_a_request_that_its_server_gives_up_half_way_is_no_error(metrics, caplog):
    async def route(scope, receive, send):
        await send(START)
        raise GeneratorExit  # as where a coroutine is closed

    with metrics.adds(counted("/mount", 499), "http"):
        serve_once(route)
    assert [one for one in caplog.records if one.levelno >= logging.ERROR] == []


@pytest.mark.parametrize("reads", ["the route", "the framework"])
def test_a_client_that_leaves_while_it_sends_is_499_and_no_error(metrics, caplog, reads):
    app = FastAPI(openapi_url=None)

    @app.post("/example")
    async def framework(body: dict):
        return body

    async def route(scope, receive, send):
        if reads == "the framework":
            await app(scope, receive, send)
        else:
            await Request(scope, receive).body()

    part = {"type": "http.request", "body": b"{", "more_body": True}
    json = [(b"content-type", b"application/json"), (b"content-length", b"9")]
    with metrics.adds(counted("/mount", 499, "POST"), "http"):
        serve_once(route, None, [part, {"type": "http.disconnect"}], method="POST", headers=json)
    assert [record for record in caplog.records if record.levelno >= logging.WARNING] == []


def test_an_answer_that_is_never_finished_is_a_client_gone(metrics):
    async def route(scope, receive, send):
        await send(START)
        await send({**BODY, "body": b"x", "more_body": True})

    with metrics.adds(counted("/mount", 499), "http"):
        serve_once(route)


def test_a_request_is_counted_before_its_last_part_is_handed_over(metrics):
    series = 'http_requests_total{endpoint="/mount",method="GET",status="200"}'

    class Counts(list):
        def append(self, message):
            super().append(metrics.samples("http_requests").get(series, 0.0))

    async def route(scope, receive, send):
        await send(START)
        await send({**BODY, "body": b"x", "more_body": True})
        await send({**BODY, "body": b""})

    counts = Counts()
    serve_once(route, counts)
    assert counts == [0.0, 0.0, 1.0]


def test_a_head_is_answered_without_a_body():
    async def route(scope, receive, send):
        await send(START)
        await send({**BODY, "body": b"x"})

    sent = []
    serve_once(route, sent, method="HEAD")
    assert [message.get("body", b"") for message in sent] == [b"", b""]


def test_what_is_logged_here_no_server_logs_again(caplog):
    error = RuntimeError("broken")

    async def route(scope, receive, send):
        raise error

    with pytest.raises(RuntimeError):
        serve_once(route)
    for name in ("uvicorn.error", "gunicorn.error"):
        logging.getLogger(name).error("an exception", exc_info=error)
        logging.getLogger(name).error("another one", exc_info=ValueError())
    assert [(record.name, str(record.exc_info[1])) for record in caplog.records] == [
        ("{{ cookiecutter.package_name }}.platform.web.measured", "broken"),
        ("uvicorn.error", ""),
        ("gunicorn.error", ""),
    ]


@pytest.mark.parametrize(("proxies", "users"), [("", 1), ("192.0.2.0/24", 2), ("198.51.100.1", 1)])
def test_clients_behind_a_trusted_proxy_are_told_apart(mock_env, proxies, users):
    async def route(scope, receive, send):
        await send(START)
        await send(BODY)

    mock_env(TRUSTED_PROXIES=proxies)
    app = FastAPI(openapi_url=None)
    install(app, components=[])
    app.mount("/", route)
    asked = {"type": "http", "method": "GET", "path": "/", "query_string": b""}

    async def send(message):
        """Take it."""

    for client in (b"203.0.113.7", b"203.0.113.8"):
        headers = [(b"x-forwarded-for", client)]
        scope = {**asked, "headers": headers, "client": ("192.0.2.1", 1)}
        asyncio.run(app(scope, None, send))
    assert app.state.service.window.summary()["concurrent_users"] == users
