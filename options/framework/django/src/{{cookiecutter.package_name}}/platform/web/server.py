"""Serves the application: gunicorn with WSGI workers."""

from django.conf import settings as django_settings
from django.utils.module_loading import import_string

from ..core.config import ServiceSettings
from .running import running
from .serving import Served
from .serving import serve as serve_with


def serve(settings: ServiceSettings) -> None:
    """Listen on HOST and PORT until SIGTERM or SIGINT; requests under way are answered first."""

    def make() -> Served:
        application = import_string(django_settings.WSGI_APPLICATION)
        return Served(application=application, start=running.start, stop=running.stop)

    serve_with(settings, "gthread", make)
