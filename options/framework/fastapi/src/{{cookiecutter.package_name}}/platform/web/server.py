"""Serves the application: gunicorn with ASGI workers."""

from ..core.config import ServiceSettings
from .app import create_app
from .serving import Served
from .serving import serve as serve_with


def serve(settings: ServiceSettings) -> None:
    """Listen on HOST and PORT until SIGTERM or SIGINT; requests under way are answered first."""
    serve_with(settings, "asgi", lambda: Served(application=create_app()))
