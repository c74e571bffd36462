"""The component of logs: it counts what is logged, and sends errors to Sentry where asked to."""

import logging
from importlib import import_module

from ..core.about import about
from ..core.components import Component
from ..core.config import ServiceSettings, load
from ..core.logging import configure
from ..web.measured import access_log
from .counting import CountingHandler
from .metrics import LogMetrics
from .settings import LogSettings

counting = CountingHandler()


def start() -> None:
    """Count from now on; under a server that has set up no log of its own, set up the service's."""
    settings, service_settings = load(LogSettings), load(ServiceSettings)
    if not logging.root.handlers:
        configure(service_settings)
    logging.root.addHandler(counting)  # once, however often it is added
    access_log.setLevel(logging.INFO if settings.logs_requests else logging.WARNING)
    dsn = settings.sentry_dsn.get_secret_value()
    if dsn:
        service, sentry = about(), import_module("sentry_sdk")  # the settings have found it
        sentry.init(
            dsn=dsn,
            environment=service_settings.environment,
            release=f"{service.name}@{service.version}",
            send_default_pii=False,
            max_request_body_size="never",
            include_local_variables=False,  # they are the users' data
        )


def stop() -> None:
    """Count no more."""
    logging.root.removeHandler(counting)


component = Component(
    name="logs", settings=LogSettings, metrics=(LogMetrics,), start=start, stop=stop
)
