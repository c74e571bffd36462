"""Serves the application: gunicorn with ASGI workers."""

from importlib import import_module

from ..core.config import ServiceSettings
from .serving import Served
from .serving import serve as serve_with


def serve(settings: ServiceSettings) -> None:
    """Listen on HOST and PORT until SIGTERM or SIGINT; requests under way are answered first."""
    package = __name__.partition(".")[0]

    def make() -> Served:
        return Served(application=import_module(f"{package}.app").app)

    serve_with(settings, "asgi", make)
