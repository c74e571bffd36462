"""What the server loads: the FastAPI application, into gunicorn's ASGI worker."""

from typing import Any

from .service import Service

OPTIONS = {"worker_class": "asgi"}  # gunicorn's
FIRST_PAGE = "/docs"


def application() -> tuple[Any, Service]:
    """The application and its service, which its lifespan starts."""
    from ...app import app  # noqa: PLC0415 - made in each worker, after the fork

    return app, app.state.service
