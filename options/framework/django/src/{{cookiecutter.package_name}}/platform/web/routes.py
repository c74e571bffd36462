"""The routes that every service has: metrics, probes and the health report."""

from collections.abc import Callable, Iterable, Sequence

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import URLPattern, URLResolver, path
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_safe

from ..health.report import Health
from ..metrics.exposition import render
from . import errors

View = Callable[[HttpRequest], HttpResponse]


class Urls:
    """What Django calls a URL configuration, of one application."""

    handler400 = staticmethod(errors.bad_request)
    handler403 = staticmethod(errors.forbidden)
    handler404 = staticmethod(errors.not_found)
    handler500 = staticmethod(errors.internal_server_error)

    def __init__(self, urlpatterns: Iterable[URLPattern | URLResolver]) -> None:
        self.urlpatterns = tuple(urlpatterns)


def for_machines(view: View) -> View:
    """The view for GET and HEAD; other methods are refused as such, not as forged requests."""
    guarded: View = csrf_exempt(require_safe(view))
    return guarded


def operations(health: Health) -> Sequence[URLPattern]:
    """The routes for machines and operators."""

    @for_machines
    def metrics(request: HttpRequest) -> HttpResponse:
        body, content_type = render(request.headers.get("accept"))
        return HttpResponse(body, content_type=content_type)

    @for_machines
    def livez(request: HttpRequest) -> JsonResponse:
        return JsonResponse({"status": "alive"})

    @for_machines
    def readyz(request: HttpRequest) -> JsonResponse:
        ready, body = health.ready()
        return JsonResponse(body, status=200 if ready else 503)

    @for_machines
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
