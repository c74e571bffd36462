"""The `client` fixture: the real application, started and stopped as a server does it."""

from collections.abc import Iterator
from functools import cache
from importlib import import_module

import pytest
from fastapi import APIRouter
from fastapi.responses import StreamingResponse
from probe_gate import Gate, parts
from starlette.testclient import TestClient


@pytest.fixture
def client(database: str, gate: Gate) -> Iterator[TestClient]:
    """A client of the application; what it raises is answered with 500, as a server would."""
    app = import_module("{{ cookiecutter.package_name }}.app").create_app()
    app.include_router(probe_routes(gate))
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
