"""The application that measures its requests, from the first byte asked to the last answered."""

from collections.abc import Iterable
from wsgiref.types import WSGIEnvironment

from flask import Flask, Response

from ..core.lifecycle import Lifecycle
from ..health.window import RequestWindow
from .endpoints import RoutedRequest, mounted_endpoint
from .wsgi import BODYLESS, WholeBody, WsgiMetricsMiddleware


class WholeResponse(Response):
    """A response that hands its body over whole where it has all of it, and not as an iterator.

    So nobody needs to ask for the next part to know which one was the last.
    """

    def get_app_iter(self, environ: WSGIEnvironment) -> Iterable[bytes]:
        """The body to send."""
        if (
            self.is_sequence
            and environ["REQUEST_METHOD"] != "HEAD"
            and self.status_code >= 200
            and self.status_code not in BODYLESS
        ):
            return WholeBody(self.iter_encoded(), self)
        return super().get_app_iter(environ)


class MeasuredFlask(WsgiMetricsMiddleware, Flask):
    """A Flask application that measures what it is asked; its server starts and stops `lifespan`.

    Middleware goes inside, as Flask has it: `app.wsgi_app = DispatcherMiddleware(app.wsgi_app, …)`
    and the requests of mounted applications are measured too.
    """

    request_class = RoutedRequest
    response_class = WholeResponse

    def __init__(self, name: str, window: RequestWindow, lifespan: Lifecycle) -> None:
        Flask.__init__(self, name, static_folder=None)
        self.window = window
        self.lifespan = lifespan

    def mounted(self, environ: WSGIEnvironment, mount: str) -> str:
        """The template of a request that a mounted application answered."""
        return mounted_endpoint(self, environ, mount)
