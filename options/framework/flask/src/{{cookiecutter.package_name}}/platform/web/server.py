"""What the server loads: the Flask application, into gunicorn's threads."""

from typing import Any

from .service import Service
from .threads import THREADS, Threads

__all__ = ["FIRST_PAGE", "THREADS", "WORKER", "application"]

WORKER = Threads
FIRST_PAGE = "/"


def application() -> tuple[Any, Service]:
    """The application and its service, started: WSGI has no lifespan."""
    from ...app import app  # noqa: PLC0415 - made in each worker, after the fork

    app.service.start()
    return app, app.service
