"""The application that measures requests, and the middleware that tells it their routes."""

from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment
from wsgiref.util import FileWrapper

from django.core.handlers.wsgi import WSGIHandler
from django.http import (
    HttpRequest,
    HttpResponse,
    HttpResponseNotAllowed,
    HttpResponsePermanentRedirect,
    UnreadablePostError,
)
from django.http.response import HttpResponseBase
from django.middleware.common import CommonMiddleware
from gunicorn.http.errors import ParseException

from ..core.lifecycle import Lifecycle
from ..core.validation import InvalidRequest
from ..health.window import RequestWindow
from .endpoints import template
from .errors import bad_request, client_gone, invalid_request, method_not_allowed
from .measured import UNCOUNTED
from .routes import Urls
from .wsgi import MEASURED, MeasuredAnswer


class MeasuredDjango(WSGIHandler):
    """Django with URLs of its own, every request measured, answered or failed.

    Attributes:
        lifespan: what a server or a test starts and stops it by.
    """

    def __init__(self, urls: Urls, window: RequestWindow, lifespan: Lifecycle) -> None:
        super().__init__()
        self.lifespan = lifespan
        self._urls = urls
        self._window = window

    def __call__(  # type: ignore[override]  # a stream is answered by what measures it
        self, environ: WSGIEnvironment, start_response: StartResponse
    ) -> Iterable[bytes]:
        """Serve one request."""
        environ[MEASURED] = answer = MeasuredAnswer(environ, _started, self._window)
        # With it the server would send a file by itself and tell nobody how far it got.
        wrapper = environ.pop("wsgi.file_wrapper", FileWrapper)
        try:
            try:
                response = super().__call__(environ, start_response)
            finally:
                environ["wsgi.file_wrapper"] = wrapper  # gunicorn looks at it again
            if response.streaming:
                answer.start(str(response.status_code), list(response.items()))
                return answer.with_body(response)
        except BaseException:
            answer.finish(500)
            raise
        # All of it is there, so this is before the last part is handed over.
        answer.finish(response.status_code)
        return response

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        """The answer of the URLs of this application, whatever others the process has."""
        request.urlconf = self._urls  # type: ignore[assignment]  # Django takes any object
        return super().get_response(request)


def _started(status: str, headers: object, exc_info: object = None, /) -> Callable[[bytes], None]:
    """The head of the answer again: Django has handed it to the server, and never writes."""
    return lambda part: None


class HttpMetricsMiddleware(CommonMiddleware):
    """Django's own first checks, and the route of each request once the resolver has found it."""

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        """Refuse a Host that is not in ALLOWED_HOSTS; machines ask by address, so not theirs."""
        if request.path in UNCOUNTED:
            return None
        return super().process_request(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: object, kwargs: object
    ) -> None:
        """The route is known; the view has not been called."""
        measured = request.META.get(MEASURED)  # not there for Django's own test client
        if measured is not None and request.resolver_match is not None:
            measured.routed(template(request.resolver_match.route))

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        """Say what a request must be like; nobody is there to hear when its body breaks off."""
        if isinstance(error, InvalidRequest):
            return invalid_request(error)
        if isinstance(error, ParseException):
            # The chunks of the body are no chunks: the server finds out when the body is read.
            return bad_request(request, error)
        return client_gone() if isinstance(error, UnreadablePostError) else None

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        """Say in JSON that the route lacks the method; the length is known before any byte."""
        if isinstance(response, HttpResponseNotAllowed):
            method_not_allowed(response)
        return super().process_response(request, response)
