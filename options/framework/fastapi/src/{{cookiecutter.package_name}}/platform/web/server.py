"""What the server loads: the FastAPI application, into gunicorn's ASGI worker."""

from importlib import import_module
from typing import Any

from .service import Service

WORKER = "asgi"
THREADS = 1  # it needs no limit of its own
FIRST_PAGE = "/docs"


def application() -> tuple[Any, Service]:
    """The application and its service, which its lifespan starts."""
    package = __name__.partition(".")[0]
    app = import_module(f"{package}.app").app
    return app, app.state.service
