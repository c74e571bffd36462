"""Counts what is logged."""

import logging

from .metrics import get_metrics


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
