"""What the server loads: the Django application, into gunicorn's threads."""

from typing import Any

from django.conf import settings
from django.utils.module_loading import import_string

from .running import running
from .service import Service
from .threads import THREADS, Threads

OPTIONS = {"worker_class": Threads, "threads": THREADS}  # gunicorn's
FIRST_PAGE = "/"


def application() -> tuple[Any, Service]:
    """The application and its service, started: WSGI has no lifespan."""
    return import_string(settings.WSGI_APPLICATION), running()
