"""Serves the application: gunicorn with WSGI workers."""

from ..core.config import ServiceSettings
from .app import create_app
from .serving import Served
from .serving import serve as serve_with


def serve(settings: ServiceSettings) -> None:
    """Listen on HOST and PORT until SIGTERM or SIGINT; requests under way are answered first."""

    def make() -> Served:
        app = create_app()
        return Served(application=app, start=app.lifespan.start, stop=app.lifespan.stop)

    serve_with(settings, "gthread", make)
