"""The URLs of the service; errors are answered as JSON."""

from django.contrib import admin
from django.http import HttpRequest, JsonResponse
from django.urls import path

from .platform.web import component_urls, errors


def index(request: HttpRequest) -> JsonResponse:
    """Where things are."""
    return JsonResponse({"admin": "/admin/", "health": "/health", "metrics": "/metrics"})


urlpatterns = [
    path("", index),
    *component_urls(),
    path("admin/", admin.site.urls),
]

handler400 = errors.bad_request
handler403 = errors.forbidden
handler404 = errors.not_found
handler500 = errors.internal_server_error
