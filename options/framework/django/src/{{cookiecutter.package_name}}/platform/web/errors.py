"""Errors as the API answers them: a JSON body that says what is wrong in `detail`."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse
from django.urls import Resolver404

from ..core.validation import InvalidRequest
from .measured import CLIENT_GONE


def bad_request(request: HttpRequest, exception: Exception) -> JsonResponse:
    """The request breaks the rules, such as a Host that is not in ALLOWED_HOSTS."""
    return _answer(HTTPStatus.BAD_REQUEST)


def forbidden(
    request: HttpRequest, exception: Exception | None = None, reason: str = ""
) -> JsonResponse:
    """A view refuses whoever asks, or the request may be forged."""
    return _answer(HTTPStatus.FORBIDDEN)


def not_found(request: HttpRequest, exception: Exception) -> JsonResponse:
    """No route matches, or its view finds nothing and says what: `raise Http404("no …")`."""
    told = "" if isinstance(exception, Resolver404) else str(exception)
    return _answer(HTTPStatus.NOT_FOUND, told)


def method_not_allowed(response: HttpResponseNotAllowed) -> None:
    """The route lacks the method; what it has is in the Allow header already."""
    answer = _answer(HTTPStatus.METHOD_NOT_ALLOWED)
    response.content = answer.content
    response["Content-Type"] = answer["Content-Type"]


def invalid_request(error: InvalidRequest) -> JsonResponse:
    """The request does not fit what the route takes."""
    return JsonResponse({"detail": error.detail}, status=error.status)


def client_gone() -> HttpResponse:
    """Nobody is there to be answered."""
    return HttpResponse(status=CLIENT_GONE, reason="Client Closed Request")


def internal_server_error(request: HttpRequest) -> JsonResponse:
    """A view failed; the log says how."""
    return _answer(HTTPStatus.INTERNAL_SERVER_ERROR)


def _answer(status: HTTPStatus, detail: str = "") -> JsonResponse:
    return JsonResponse({"detail": detail or status.phrase}, status=status)
