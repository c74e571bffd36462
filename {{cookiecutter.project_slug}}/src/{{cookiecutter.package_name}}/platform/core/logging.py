"""One logging set-up for the service and its server: text for people, JSON for collectors."""

import logging
from textwrap import indent
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from .config import ServiceSettings
from .request_id import with_request_id

_ESCAPED = {code: ascii(chr(code))[1:-1] for code in (*range(32), *range(127, 160), 0x2028, 0x2029)}


class OneLine(logging.Formatter):
    """Keeps what a client sent from beginning a line of its own, and from steering a terminal."""

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802 - logging calls it so
        """The line before any traceback."""
        line = super().formatMessage(record).translate(_ESCAPED)
        name = getattr(record, "request_id", None)
        return f"{line} request={name}" if name else line

    def formatException(self, ei: Any) -> str:  # noqa: N802 - as above
        """The traceback, indented: no line of it looks like a record."""
        text = super().formatException(ei).translate({**_ESCAPED, ord("\n"): "\n"})
        return indent(text, "    ")


def configure(settings: ServiceSettings) -> None:
    """Send every record of LOG_LEVEL and above to standard error, in LOG_FORMAT."""
    text = OneLine("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    fields = "%(asctime)s %(levelname)s %(name)s %(message)s"
    names = {"asctime": "time", "levelname": "level", "name": "logger"}
    stderr = logging.StreamHandler()
    as_json = settings.log_format == "json"
    stderr.setFormatter(JsonFormatter(fields, rename_fields=names) if as_json else text)
    stderr.addFilter(with_request_id)
    logging.basicConfig(level=settings.log_level, handlers=[stderr], force=True)
