"""Serves the application: gunicorn with WSGI workers."""

from ..core.config import ServiceSettings
from .serving import Served
from .serving import serve as serve_with


def serve(settings: ServiceSettings) -> None:
    """Listen on HOST and PORT until SIGTERM or SIGINT; requests under way are answered first."""

    def make() -> Served:
        from ...app import app  # noqa: PLC0415 - made in each worker, after the fork

        return Served(application=app, start=app.service.start, stop=app.service.stop)

    serve_with(settings, "gthread", make)
