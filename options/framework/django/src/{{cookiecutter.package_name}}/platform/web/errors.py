"""Errors as the API answers them: a JSON body that says what is wrong in `detail`."""

from collections.abc import Callable
from http import HTTPStatus

from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    JsonResponse,
    UnreadablePostError,
)
from django.http.response import HttpResponseBase
from django.urls import Resolver404
from gunicorn.http.errors import ParseException

from ..core.logging import error_body
from ..core.validation import InvalidRequest
from .metrics import CLIENT_GONE


class ErrorsMiddleware:
    """The last middleware of the list: what a view raises or refuses, as JSON."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self._get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Say that the route lacks the method; those it has are in the Allow header already."""
        response = self._get_response(request)
        if isinstance(response, HttpResponseNotAllowed):
            answer = error_response(HTTPStatus.METHOD_NOT_ALLOWED)
            response.content = answer.content
            response["Content-Type"] = answer["Content-Type"]
        return response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Say what a request must be like; nobody is there to hear when its body breaks off."""
        if isinstance(error, InvalidRequest):
            return JsonResponse(error_body(error.detail), status=error.status)
        if isinstance(error, ParseException):
            # The chunks of the body are no chunks: the server finds out when the body is read.
            return bad_request(request, error)
        if isinstance(error, UnreadablePostError):
            return HttpResponse(status=CLIENT_GONE, reason="Client Closed Request")
        return None


def not_found(request: HttpRequest, exception: Exception) -> JsonResponse:
    """No route matches, or its view finds nothing and says what: `raise Http404("no …")`."""
    detail = "" if isinstance(exception, Resolver404) else str(exception)
    return error_response(HTTPStatus.NOT_FOUND, detail)


def error_response(status: HTTPStatus, detail: str = "") -> JsonResponse:
    """That status, with the detail or its own phrase."""
    return JsonResponse(error_body(detail or status.phrase), status=status)


def _view(status: HTTPStatus) -> Callable[..., JsonResponse]:
    return lambda request, *args, **kwargs: error_response(status)


bad_request = _view(HTTPStatus.BAD_REQUEST)  # such as a Host that is not in ALLOWED_HOSTS
forbidden = _view(HTTPStatus.FORBIDDEN)  # by a view, or as the request may be forged
internal_server_error = _view(HTTPStatus.INTERNAL_SERVER_ERROR)  # the log says how a view failed
