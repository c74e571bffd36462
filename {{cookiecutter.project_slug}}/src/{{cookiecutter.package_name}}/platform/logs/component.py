"""The component of logs: it counts what is logged, and sends errors to Sentry where asked to."""

import logging
from importlib import import_module
from importlib.util import find_spec

from pydantic import SecretStr, field_validator

from ..core import Component, ServiceSettings, about, load
from ..core.config import Settings
from ..core.logging import configure
from ..web.measured import access_log
from .metrics import LogMetrics, get_metrics


class LogSettings(Settings):
    """What is logged beside what goes wrong."""

    access_log: bool | None = None
    """Log each request at INFO: method, route, status, milliseconds; unset, only in development."""
    sentry_dsn: SecretStr = SecretStr("")
    """Where errors are sent as well; needs the package sentry-sdk."""

    @field_validator("sentry_dsn")
    @classmethod
    def _has_its_package(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and find_spec("sentry_sdk") is None:
            raise ValueError("needs a package that is not installed: run `uv add sentry-sdk`")
        return value


class CountingHandler(logging.Handler):
    """Counts each record by its level, and each exception that is logged as an error by its type."""

    def emit(self, record: logging.LogRecord) -> None:
        """Count one record; a level between two counts as the lower one."""
        level = logging.getLevelName(min(max(record.levelno // 10, 1), 5) * 10)
        metrics = get_metrics()
        metrics.messages.labels(level).inc()
        error = record.exc_info[1] if record.exc_info else None
        if error is not None and record.levelno >= logging.ERROR:
            metrics.errors.labels(type(error).__name__).inc()


counting = CountingHandler()


def start() -> None:
    """Count from now on; under a server that has set up no log of its own, set up the service's."""
    settings, service_settings = load(LogSettings), load(ServiceSettings)
    if not logging.root.handlers:
        configure(service_settings)
    logging.root.addHandler(counting)  # once, however often it is added
    usual = service_settings.environment == "development"
    shown = usual if settings.access_log is None else settings.access_log
    access_log.setLevel(logging.NOTSET if shown else logging.WARNING)
    if dsn := settings.sentry_dsn.get_secret_value():
        service, sentry = about(), import_module("sentry_sdk")  # the settings have found it
        sentry.init(
            dsn=dsn,
            environment=service_settings.environment,
            release=f"{service.name}@{service.version}",
            send_default_pii=False,
            max_request_body_size="never",
            include_local_variables=False,  # they are the users' data
        )


component = Component(
    name="logs",
    settings=LogSettings,
    metrics=(LogMetrics,),
    start=start,
    stop=lambda: logging.root.removeHandler(counting),
)
