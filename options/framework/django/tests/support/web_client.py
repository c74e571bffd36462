"""The `client` fixture: the real application, started and stopped as a server does it."""

import sys
from collections.abc import Iterator
from importlib import import_module
from types import ModuleType
from typing import Any

import httpx2
import pytest
from database_orm import uses_djangos_database
from django.core.wsgi import get_wsgi_application
from django.http import HttpRequest, HttpResponse, JsonResponse, StreamingHttpResponse
from django.test import Client, override_settings
from django.urls import URLResolver, include, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_GET
from probe_gate import Gate, parts
from prometheus_client import CollectorRegistry
from pytest_django import DjangoDbBlocker

SERVICE = "{{ cookiecutter.package_name }}"


@pytest.fixture
def client(
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    gate: Gate,
    django_db_blocker: DjangoDbBlocker,
) -> Iterator[Any]:
    """A client of the application; what breaks an answer ends it, as on a server.

    In a test on pytest-django's database it is Django's own client, as pytest-django has it.
    """
    if uses_djangos_database(request.node):
        yield Client()
        return
    urls = import_module(f"{SERVICE}.urls")
    probe = ModuleType("urls_with_probe")
    vars(probe).update(vars(urls), urlpatterns=[*urls.urlpatterns, probe_urls(gate)])
    monkeypatch.setitem(sys.modules, probe.__name__, probe)
    with django_db_blocker.unblock(), override_settings(ROOT_URLCONF=probe.__name__):
        request.getfixturevalue("database")
        running = import_module(f"{SERVICE}.platform.web.running").running
        running.start()
        transport = httpx2.WSGITransport(served(get_wsgi_application()), raise_app_exceptions=False)
        with httpx2.Client(transport=transport, base_url="http://localhost") as open_client:
            yield open_client
        running.stop()


@pytest.fixture(autouse=True)
def _stopped(registry: CollectorRegistry) -> Iterator[None]:
    """Stop the service that the first request of Django's own client started."""
    yield
    import_module(f"{SERVICE}.platform.web.running").running.stop()


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


def probe_urls(gate: Gate) -> URLResolver:
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

    routes = [
        path("outer/", include([path("inner/<one>", one)])),
        path("broken", broken),
        path("stream", stream),
        path("broken-stream", broken_stream),
        path("waiting/<int:number>", waiting),
    ]
    return path("probe/", include(routes))
