"""What machines and operators ask: metrics, probes and the health report."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, JsonResponse

from ..health.report import Health
from .errors import error_response


def answer(request: HttpRequest, health: Health) -> HttpResponse:
    """The answer to a request for one of OPERATIONS, which serve GET and HEAD."""
    if request.method in ("GET", "HEAD"):
        response = OPERATIONS[request.path_info](request, health)
    else:
        response = error_response(HTTPStatus.METHOD_NOT_ALLOWED)
        response["Allow"] = "GET, HEAD"
    response["Content-Length"] = len(response.content)
    if request.method == "HEAD":
        response.content = b""
    return response


def _metrics(request: HttpRequest, health: Health) -> HttpResponse:
    headers = request.headers
    status, body, fields = health.scrape(headers.get("accept"), headers.get("authorization"))
    return HttpResponse(body, status=status, headers=fields)


def _livez(request: HttpRequest, health: Health) -> HttpResponse:
    return JsonResponse({"status": "alive"})


def _readyz(request: HttpRequest, health: Health) -> HttpResponse:
    ready, body = health.ready(request.headers.get("authorization"))
    return JsonResponse(body, status=200 if ready else 503)


def _report(request: HttpRequest, health: Health) -> HttpResponse:
    status, body = health.report(request.headers.get("authorization"))
    wants_health = "application/health+json" in request.headers.get("accept", "")
    media_type = "application/health+json" if wants_health else "application/json"
    return JsonResponse(body, status=status, content_type=media_type)


OPERATIONS: dict[str, Callable[[HttpRequest, Health], HttpResponse]] = {
    "/metrics": _metrics,
    "/livez": _livez,
    "/readyz": _readyz,
    "/health": _report,
    "/api/health": _report,
}
