"""What the server loads: the Flask application, into gunicorn's threads."""

from typing import Any

from .service import Service
from .threads import THREADS, Threads

OPTIONS = {"worker_class": Threads, "threads": THREADS}  # gunicorn's
FIRST_PAGE = "/"


def application() -> tuple[Any, Service]:
    """The application and its service, started: WSGI has no lifespan."""
    from ...app import app  # noqa: PLC0415 - made in each worker, after the fork

    app.start()
    return app, app.service
