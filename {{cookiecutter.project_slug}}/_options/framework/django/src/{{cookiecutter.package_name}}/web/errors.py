"""The answers to requests that no view answered, as JSON; they never say why."""

from http import HTTPStatus

from django.http import HttpRequest, JsonResponse


def bad_request(request: HttpRequest, exception: Exception) -> JsonResponse:
    """The request breaks the rules, such as a Host that is not in ALLOWED_HOSTS."""
    return _answer(HTTPStatus.BAD_REQUEST)


def forbidden(request: HttpRequest, exception: Exception) -> JsonResponse:
    """A view refuses whoever asks."""
    return _answer(HTTPStatus.FORBIDDEN)


def not_found(request: HttpRequest, exception: Exception) -> JsonResponse:
    """No route matches, or its view finds nothing."""
    return _answer(HTTPStatus.NOT_FOUND)


def internal_server_error(request: HttpRequest) -> JsonResponse:
    """A view failed; the log says how."""
    return _answer(HTTPStatus.INTERNAL_SERVER_ERROR)


def _answer(status: HTTPStatus) -> JsonResponse:
    return JsonResponse({"detail": status.phrase}, status=status)
