"""The outermost layer of the application: a Flask that measures its requests."""

import atexit
from collections.abc import Iterable
from http import HTTPStatus
from threading import Lock
from typing import Any
from wsgiref.types import StartResponse, WSGIEnvironment

from flask import Flask, Response, json
from flask.ctx import RequestContext
from flask.typing import ResponseReturnValue
from werkzeug.exceptions import HTTPException

from ..core.components import survivable
from ..core.logging import error_body
from ..health.report import OPERATIONS
from .exchange import ASKED, Exchange, WholeBody
from .service import Service

STARTING = Lock()


def in_json(answer: Any) -> Any:
    """An error that no handler answered, in JSON; any other answer as it is.

    The detail is what `abort` was given, else the name of the status: an unhandled exception shows
    no more of itself.
    """
    if not isinstance(answer, HTTPException) or answer.response or (answer.code or 0) < 400:
        return answer
    given = answer.description != type(answer).description
    response = answer.get_response()
    response.data = json.dumps(error_body(answer.description if given else answer.name))
    response.content_type = "application/json"
    return response


class WholeResponse(Response):
    """A response that hands over a list where it has all of its body: the server asks once."""

    def get_app_iter(self, environ: WSGIEnvironment) -> Iterable[bytes]:
        """The body to send."""
        has_body = self.status_code >= 200 and self.status_code not in (204, 304)
        if self.is_sequence and has_body and environ["REQUEST_METHOD"] != "HEAD":
            return WholeBody(self.iter_encoded(), self.close)
        return super().get_app_iter(environ)


class MeasuredFlask(Flask):
    """Flask whose requests are measured, and whose errors are JSON unless a handler answers them.

    Middleware goes inside, as Flask has it: `app.wsgi_app = ProxyFix(app.wsgi_app)`.
    """

    response_class = WholeResponse
    service: Service  # the platform's part; `install` sets it
    started = False

    def start(self) -> None:
        """Start the components, once; the end of the process stops them."""
        with STARTING:
            if not self.started:
                self.service.start()
                self.started = True
                atexit.register(self.service.stop)

    def stop(self) -> None:
        """Stop the components; the application may be started again."""
        atexit.unregister(self.service.stop)
        self.service.stop()
        self.started = False

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        """Serve one request."""
        if not self.started:  # by a server that starts nothing, such as `flask run`
            self.start()
        path, method = environ.get("PATH_INFO", ""), environ["REQUEST_METHOD"]
        if path in OPERATIONS:
            asked = environ.get("HTTP_ACCEPT"), environ.get("HTTP_AUTHORIZATION")
            body, status, headers = self.service.health.answer(method, path, *asked)
            start_response(f"{status} {HTTPStatus(status).phrase}", list(headers.items()))
            return [body]
        if ASKED in environ:
            environ[ASKED] = None  # the application in which this one is mounted measures it
            return self.wsgi_app(environ, start_response)
        exchange = Exchange(self, self.service, environ, start_response)
        try:
            return exchange.with_body(self.wsgi_app(environ, exchange.start))
        except BaseException as error:  # noqa: BLE001 - it goes on
            exchange.fail(error)
            raise survivable(error, "a route")  # noqa: B904 - it has its cause

    def request_context(self, environ: WSGIEnvironment) -> RequestContext:
        """Make the context of a request, and leave the request where its route will be read."""
        if "CONTENT_LENGTH" in environ:  # so that Werkzeug notices a body that ends before
            environ.pop("wsgi.input_terminated", None)
        context = super().request_context(environ)
        asked = environ.get(ASKED)
        if asked is not None:
            asked.append(context.request)
        return context

    def make_response(self, rv: ResponseReturnValue | HTTPException) -> Response:
        """Make a response of what a view or an error handler returned, or of an unhandled error."""
        return super().make_response(in_json(rv) if isinstance(rv, HTTPException) else rv)
