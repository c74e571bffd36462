"""Which request a line of the log belongs to: the client's own name for it, or one made here."""

import logging
import re
from contextvars import ContextVar
from random import getrandbits

HEADER = "X-Request-ID"

# Empty where there is no request.
request_id: ContextVar[str] = ContextVar("request_id", default="")

_PLAIN = re.compile(r"[\w.-]{1,64}", re.ASCII)
# W3C Trace Context: version, trace, parent, flags.
_TRACEPARENT = re.compile(r"[0-9a-f]{2}-([0-9a-f]{32})-[0-9a-f]{16}-[0-9a-f]{2}")


def identify(given: str | None, traceparent: str | None) -> str:
    """Name the request that begins here, for every line that is logged during it.

    Args:
        given: the header X-Request-ID; taken if it is short and plain.
        traceparent: the header of that name; its trace is the next choice.
    """
    if given and _PLAIN.fullmatch(given):
        name = given
    elif traceparent and (trace := _TRACEPARENT.fullmatch(traceparent)):
        name = trace[1]
    else:
        name = f"{getrandbits(64):016x}"
    request_id.set(name)
    return name


def with_request_id(record: logging.LogRecord) -> bool:
    """A filter that passes every record, with its request if it belongs to one."""
    if name := request_id.get():
        record.request_id = name
    return True
