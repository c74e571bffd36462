"""The application that measures requests, and the middleware that answers their errors."""

from collections.abc import Callable, Iterable
from wsgiref.types import StartResponse, WSGIEnvironment

from django.conf import settings
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
from django.urls import ResolverMatch
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

    It calls its base class by name: two `super()` cost as much as counting the request.

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
        client = environ.get("REMOTE_ADDR", "")
        answer = MeasuredAnswer(environ["REQUEST_METHOD"], client, self._window)
        environ[MEASURED] = answer
        try:
            response = WSGIHandler.__call__(self, environ, start_response)
            if response.streaming:
                answer.start_response = _started
                answer.start(str(response.status_code), list(response.items()))
                return answer.with_body(response)
        except BaseException:
            answer.finish(500)
            raise
        # All of it is there, so this is before the last part is handed over.
        answer.finish(response.status_code)
        return response

    def get_response(self, request: HttpRequest) -> HttpResponseBase:
        """The answer; a file too is one that the server asks for part by part."""
        response = WSGIHandler.get_response(self, request)
        if response.streaming:
            # With it the server would send the file by itself and tell nobody how far it got.
            response.file_to_stream = None  # type: ignore[attr-defined]  # of files only
        return response

    def resolve_request(self, request: HttpRequest) -> ResolverMatch:
        """The route among the URLs of this application, whatever others the process has."""
        if settings.ROOT_URLCONF is not self._urls:
            request.urlconf = self._urls  # type: ignore[assignment]  # Django takes any object
        match = WSGIHandler.resolve_request(self, request)
        request.META[MEASURED].routed(template(match.route))
        return match


def _started(status: str, headers: object, exc_info: object = None, /) -> Callable[[bytes], None]:
    """The head of the answer again: Django has handed it to the server, and never writes."""
    return lambda part: None


class ServiceMiddleware(CommonMiddleware):
    """Django's own first checks, and errors as the API answers them."""

    def process_request(self, request: HttpRequest) -> HttpResponsePermanentRedirect | None:
        """Refuse a Host that is not in ALLOWED_HOSTS; machines ask by address, so not theirs."""
        if request.path in UNCOUNTED:
            return None
        return super().process_request(request)

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
