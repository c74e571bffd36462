"""The application that measures its requests, from the first byte asked to the last answered."""

from wsgiref.types import WSGIEnvironment

from flask import Flask

from ..core.lifecycle import Lifecycle
from ..health.window import RequestWindow
from .endpoints import RoutedRequest, mounted_endpoint
from .wsgi import WsgiMetricsMiddleware


class MeasuredFlask(WsgiMetricsMiddleware, Flask):
    """A Flask application that measures what it is asked; its server starts and stops `lifespan`.

    Middleware goes inside, as Flask has it: `app.wsgi_app = DispatcherMiddleware(app.wsgi_app, …)`
    and the requests of mounted applications are measured too.
    """

    request_class = RoutedRequest

    def __init__(self, name: str, window: RequestWindow, lifespan: Lifecycle) -> None:
        Flask.__init__(self, name, static_folder=None)
        self.window = window
        self.lifespan = lifespan

    def mounted(self, environ: WSGIEnvironment, mount: str) -> str:
        """The template of a request that a mounted application answered."""
        return mounted_endpoint(self, environ, mount)
