"""The `client` fixture: the real application, started and stopped as a server does it."""

from collections.abc import Iterator
from functools import cache
from importlib import import_module

import pytest
from fastapi import APIRouter, FastAPI
from fastapi.responses import PlainTextResponse, StreamingResponse
from probe_gate import Gate, parts
from starlette.testclient import TestClient


@pytest.fixture
def client(database: str, gate: Gate) -> Iterator[TestClient]:
    """A client of the application; what it raises is answered with 500, as a server would."""
    components = import_module("{{ cookiecutter.package_name }}.platform.core.components")
    probe = components.Component(name="probe", routes=probe_routes(gate))
    create_app = import_module("{{ cookiecutter.package_name }}.platform.web.app").create_app
    app = create_app([*components.discover(), probe])
    app.mount("/mounted/{tenant}", mounted())
    app.mount("/plain", PlainTextResponse("plain"))
    with TestClient(app, raise_server_exceptions=False) as open_client:
        yield open_client


@cache
def probe_routes(gate: Gate) -> APIRouter:
    """Routes that fail, stream and wait, for the tests of the HTTP metrics."""
    nested = APIRouter(prefix="/inner")
    nested.add_api_route("/{one}", lambda one: one)
    outer = APIRouter(prefix="/outer")
    outer.include_router(nested)
    router = APIRouter(prefix="/probe")
    router.include_router(outer)

    @router.get("/broken")
    def broken() -> None:
        raise RuntimeError("broken")

    @router.get("/stream")
    def stream() -> StreamingResponse:
        return StreamingResponse(parts(4))

    @router.get("/broken-stream")
    def broken_stream() -> StreamingResponse:
        return StreamingResponse(parts(1, then=RuntimeError("half way")))

    @router.get("/waiting/{number}")
    def waiting(number: int) -> int:
        gate.wait()
        return number

    return router


@cache
def mounted() -> FastAPI:
    """An application with a router of its own, to be mounted."""
    inner = APIRouter(prefix="/inner")
    inner.add_api_route("/{one}", lambda one: one)
    app = FastAPI()
    app.add_api_route("/own/{two}", lambda two: two)
    app.include_router(inner, prefix="/deep")
    return app
