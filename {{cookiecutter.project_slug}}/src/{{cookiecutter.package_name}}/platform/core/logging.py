"""One logging set-up for the service and its server: text for people, JSON for collectors."""

import logging.config

from .config import ServiceSettings


def configure(settings: ServiceSettings) -> None:
    """Send every record of LOG_LEVEL and above to standard error, in LOG_FORMAT."""
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {
                "text": {"format": "%(asctime)s %(levelname)-7s %(name)s: %(message)s"},
                "json": {
                    "()": "pythonjsonlogger.json.JsonFormatter",  # `class` would drop the names
                    "fmt": "%(asctime)s %(levelname)s %(name)s %(message)s",
                    "rename_fields": {"asctime": "time", "levelname": "level", "name": "logger"},
                },
            },
            "handlers": {
                "stderr": {"class": "logging.StreamHandler", "formatter": settings.log_format}
            },
            "root": {"level": settings.log_level, "handlers": ["stderr"]},
        }
    )
