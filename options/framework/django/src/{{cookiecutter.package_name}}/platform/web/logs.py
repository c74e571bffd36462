"""What Django logs at a client's will: security events by the minute, refusals not at all."""

import logging

from ..core.limits import PerMinute


class ExceptionsOnly(logging.Filter):
    """Passes records with a traceback."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Whether the record is of an exception."""
        return record.exc_info is not None


class RateLimitedHandler(logging.Handler):
    """Passes one record a minute of each logger on to the root logger.

    It is a warning in one line there: clients cause it, and each of them could fill the log.
    """

    def __init__(self) -> None:
        super().__init__()
        self._limit = PerMinute()

    def emit(self, record: logging.LogRecord) -> None:
        """Pass the record on, if it is time, with the number of those that it stands for."""
        warning = {"levelno": logging.WARNING, "levelname": "WARNING", "exc_info": None}
        line = logging.makeLogRecord({**vars(record), **warning})
        if self._limit.passes(line):
            logging.root.handle(line)
