"""The answers to requests that no view answered, as JSON; they never say why."""

from http import HTTPStatus

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed, JsonResponse

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
    """No route matches, or its view finds nothing."""
    return _answer(HTTPStatus.NOT_FOUND)


def method_not_allowed(response: HttpResponseNotAllowed) -> None:
    """The route lacks the method; what it has is in the Allow header already."""
    answer = _answer(HTTPStatus.METHOD_NOT_ALLOWED)
    response.content = answer.content
    response["Content-Type"] = answer["Content-Type"]


def client_gone() -> HttpResponse:
    """Nobody is there to be answered."""
    return HttpResponse(status=CLIENT_GONE, reason="Client Closed Request")


def internal_server_error(request: HttpRequest) -> JsonResponse:
    """A view failed; the log says how."""
    return _answer(HTTPStatus.INTERNAL_SERVER_ERROR)


def _answer(status: HTTPStatus) -> JsonResponse:
    return JsonResponse({"detail": status.phrase}, status=status)
