"""The `client` fixture: the real application, started and stopped as a server does it."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import pytest
from flask import Blueprint, Flask, Response
from httpx2 import Client, WSGITransport
from probe_gate import Gate, parts
from prometheus_client import CollectorRegistry
from werkzeug.middleware.dispatcher import DispatcherMiddleware


@pytest.fixture
def app(database: str, gate: Gate) -> Iterator[Flask]:
    """The application that `client` asks, with routes for the tests of the HTTP metrics."""
    app = import_module("{{ cookiecutter.package_name }}.app").create_app()
    app.register_blueprint(probe_routes(gate))
    mount_probe(app)
    app.start()
    yield app
    app.stop()


@pytest.fixture
def client(app: Flask) -> Iterator[Client]:
    """A client of the application; an answer that breaks half way just ends, as on a server."""
    transport = WSGITransport(served(app), raise_app_exceptions=False)
    with Client(transport=transport, base_url="http://testserver") as open_client:
        yield open_client


@pytest.fixture(autouse=True)
def _stopped(registry: CollectorRegistry, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Stop the applications that the first request of Flask's own client started."""
    middleware = import_module("{{ cookiecutter.package_name }}.platform.web.middleware")
    kind: Any = middleware.MeasuredFlask
    start, started = kind.start, []

    def noted(app: Any) -> None:
        start(app)
        started.append(app)

    monkeypatch.setattr(kind, "start", noted)
    yield
    for app in started:
        if app.started:
            app.stop()


def served(app: Flask) -> Any:
    """The application behind the part of a server that sends what comes, and closes it."""

    def serve(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        body = app(environ, start_response)
        try:
            yield from body
        except RuntimeError:
            return
        finally:
            getattr(body, "close", lambda: None)()

    return serve


def probe_routes(gate: Gate) -> Blueprint:
    """Routes that fail, stream and wait, for the tests of the HTTP metrics."""
    nested = Blueprint("nested", __name__, url_prefix="/inner")
    nested.add_url_rule("/<one>", view_func=lambda one: one)
    outer = Blueprint("outer", __name__, url_prefix="/outer")
    outer.register_blueprint(nested)
    router = Blueprint("probe", __name__, url_prefix="/probe")
    router.register_blueprint(outer)

    @router.get("/broken")
    def broken() -> None:
        raise RuntimeError("broken")

    @router.get("/stream")
    def stream() -> Response:
        return Response(parts(4))

    @router.get("/broken-stream")
    def broken_stream() -> Response:
        return Response(parts(1, then=RuntimeError("half way")))

    @router.get("/waiting/<int:number>")
    def waiting(number: int) -> str:
        gate.wait()
        return str(number)

    return router


def mount_probe(app: Flask) -> None:
    """Mount a Flask application with a blueprint of its own, and one of no framework."""
    inner = Blueprint("inner", __name__, url_prefix="/inner")
    inner.add_url_rule("/<one>", view_func=lambda one: one)
    mounted = Flask("mounted", static_folder=None)
    mounted.add_url_rule("/own/<two>", view_func=lambda two: two)
    mounted.register_blueprint(inner, url_prefix="/deep")
    mounts = {"/mounted": mounted, "/plain": Response("plain")}
    app.wsgi_app = DispatcherMiddleware(app.wsgi_app, mounts)
