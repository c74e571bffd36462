"""The `client` fixture: the real application, started and stopped as a server does it."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any

import httpx2
import pytest
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.urls import URLResolver, include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET
from probe_gate import Gate, parts


@pytest.fixture
def client(database: str, gate: Gate) -> Iterator[httpx2.Client]:
    """A client of the application; what breaks an answer ends it, as on a server."""
    components = import_module("{{ cookiecutter.package_name }}.platform.core.components")
    probe = components.Component(name="probe", routes=probe_routes(gate))
    create_app = import_module("{{ cookiecutter.package_name }}.platform.web.app").create_app
    app = create_app([*components.discover(), probe])
    app.lifespan.start()
    transport = httpx2.WSGITransport(served(app), raise_app_exceptions=False)
    with httpx2.Client(transport=transport, base_url="http://localhost") as open_client:
        yield open_client
    app.lifespan.stop()


def served(app: Any) -> Any:
    """The application behind the part of a server that sends what comes, and closes it."""

    def serve(environ: dict[str, Any], start_response: Any) -> Iterator[bytes]:
        body = app(environ, start_response)
        try:
            yield from body if environ["REQUEST_METHOD"] != "HEAD" else ()
        except RuntimeError:
            return
        finally:
            body.close()

    return serve


def probe_routes(gate: Gate) -> URLResolver:
    """Routes that fail, stream and wait, for the tests of the HTTP metrics."""

    def one(request: HttpRequest, one: str) -> HttpResponse:
        return JsonResponse(one, safe=False)

    @csrf_exempt
    @require_GET
    def broken(request: HttpRequest) -> HttpResponse:
        raise RuntimeError("broken")

    def stream(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(parts(4))

    def broken_stream(request: HttpRequest) -> StreamingHttpResponse:
        return StreamingHttpResponse(parts(1, then=RuntimeError("half way")))

    @csrf_exempt
    @require_GET
    def waiting(request: HttpRequest, number: int) -> HttpResponse:
        gate.wait()
        return JsonResponse(number, safe=False)

    inner = include([path("inner/<one>", one)])
    routes = [
        path("outer/", inner),
        path("broken", broken),
        path("stream", stream),
        path("broken-stream", broken_stream),
        path("waiting/<int:number>", waiting),
    ]
    return path("probe/", include(routes))
