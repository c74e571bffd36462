"""The routes that every service has: metrics, probes and the health report."""

from collections.abc import Iterable, Sequence

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, URLResolver, path
from django.views.decorators.http import require_GET

from ..health.report import Health
from ..metrics.exposition import render
from . import errors


class Urls:
    """What Django calls a URL configuration, of one application."""

    handler400 = staticmethod(errors.bad_request)
    handler403 = staticmethod(errors.forbidden)
    handler404 = staticmethod(errors.not_found)
    handler500 = staticmethod(errors.internal_server_error)

    def __init__(self, urlpatterns: Iterable[URLPattern | URLResolver]) -> None:
        self.urlpatterns = tuple(urlpatterns)


def operations(health: Health) -> Sequence[URLPattern]:
    """The routes for machines and operators."""

    @require_GET
    def metrics(request: HttpRequest) -> HttpResponse:
        body, content_type = render(request.headers.get("accept"))
        return HttpResponse(body, content_type=content_type)

    @require_GET
    def livez(request: HttpRequest) -> JsonResponse:
        return JsonResponse({"status": "alive"})

    @require_GET
    def readyz(request: HttpRequest) -> JsonResponse:
        ready, body = health.ready()
        return JsonResponse(body, status=200 if ready else 503)

    @require_GET
    def report(request: HttpRequest) -> JsonResponse:
        status, body = health.report()
        wants_health = "application/health+json" in request.headers.get("accept", "")
        media_type = "application/health+json" if wants_health else "application/json"
        return JsonResponse(body, status=status, content_type=media_type)

    return (
        path("metrics", metrics),
        path("livez", livez),
        path("readyz", readyz),
        path("health", report),
        path("api/health", report),
    )
