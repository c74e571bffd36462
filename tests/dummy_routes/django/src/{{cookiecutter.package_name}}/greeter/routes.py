"""The HTTP interface of the greeter."""

from django.http import HttpRequest, JsonResponse
from django.urls import path

from . import service


def greet(request: HttpRequest, name: str) -> JsonResponse:
    """Greet a guest by name."""
    return JsonResponse({"greeting": service.greet(name)})


router = [path("api/greeter/<str:name>", greet)]
