"""One log of the service and its server: text for people, JSON for collectors, by request."""

import logging
import re
from contextvars import ContextVar
from random import getrandbits
from textwrap import indent
from typing import Any

from pythonjsonlogger.json import JsonFormatter

from .config import ServiceSettings

HEADER = "X-Request-ID"
request_id: ContextVar[str] = ContextVar("request_id", default="")  # empty outside of a request

_PLAIN = re.compile(r"[\w.-]{1,64}", re.ASCII)
# W3C Trace Context: version, trace, parent, flags.
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")
# Up to the last @ of a URL, or what is called a secret.
_SECRET = re.compile(
    r"(?i)(//)\S*(?=@)|((?:password|passwd|secret|token|key)['\"]?\s*[=:]\s*|bearer\s+)"
    r"(?:'[^']*'|\"[^\"]*\"|[^\s&,;]+)"
)
_ESCAPED = {code: ascii(chr(code))[1:-1] for code in (*range(32), *range(127, 160), 0x2028, 0x2029)}


def identify(given: str | None, traceparent: str | None) -> str:
    """Name the request that begins here, for every line that is logged during it.

    The header X-Request-ID is taken if it is short and plain, else the trace of `traceparent`.
    """
    if given and _PLAIN.fullmatch(given):
        name = given
    elif traceparent and (trace := _TRACEPARENT.fullmatch(traceparent)):
        name = trace[1]
    else:
        name = f"{getrandbits(64):016x}"
    request_id.set(name)
    return name


def error_body(detail: object) -> dict[str, object]:
    """The body of every error: what is wrong, and the request's name, as the log has it."""
    name = request_id.get()
    return {"detail": detail, "request_id": name} if name else {"detail": detail}


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


def _with_request_id(record: logging.LogRecord) -> bool:
    """A filter that passes every record, with its request if it belongs to one."""
    if name := request_id.get():
        record.request_id = name
    return True


def reason_of(error: BaseException) -> str:
    """The type and the text on one line; what looks like a secret is left out."""
    try:
        text = _SECRET.sub(r"\1\2***", " ".join(str(error).split()))
    except BaseException:  # noqa: BLE001 - the text of a team's exception, which may fail too
        text = "its text cannot be had"
    return f"{type(error).__name__}: {text}".removesuffix(": ")


def configure(settings: ServiceSettings) -> None:
    """Send every record of LOG_LEVEL and above to standard error, in LOG_FORMAT."""
    fields = "%(asctime)s %(levelname)-7s %(name)s: %(message)s"
    names = {"asctime": "time", "levelname": "level", "name": "logger"}
    stderr = logging.StreamHandler()
    as_json = settings.log_format == "json"
    stderr.setFormatter(JsonFormatter(fields, rename_fields=names) if as_json else OneLine(fields))
    stderr.addFilter(_with_request_id)
    logging.basicConfig(level=settings.log_level, handlers=[stderr], force=True)
