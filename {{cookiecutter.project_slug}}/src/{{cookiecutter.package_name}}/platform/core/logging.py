"""One logging set-up for the service and its server: text for people, JSON for collectors."""

import logging

from pythonjsonlogger.json import JsonFormatter

from .config import ServiceSettings


def configure(settings: ServiceSettings) -> None:
    """Send every record of LOG_LEVEL and above to standard error, in LOG_FORMAT."""
    stderr = logging.StreamHandler()
    if settings.log_format == "json":
        fields = "%(asctime)s %(levelname)s %(name)s %(message)s"
        names = {"asctime": "time", "levelname": "level", "name": "logger"}
        stderr.setFormatter(JsonFormatter(fields, rename_fields=names))
    text = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
    logging.basicConfig(level=settings.log_level, format=text, handlers=[stderr], force=True)
