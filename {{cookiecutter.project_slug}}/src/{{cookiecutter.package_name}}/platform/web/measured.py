"""One request, measured: counted once, whatever becomes of it, in every framework."""

import logging
from time import perf_counter

from ..health.window import RequestWindow
from .metrics import METHODS, OTHER_METHOD, UNMATCHED, get_metrics

log = logging.getLogger(__name__)
access_log = logging.getLogger(f"{__name__}.access")

# Asked by machines every few seconds; counting them would drown the users' requests. An adapter
# leaves these paths out from the start, so that a scrape does not see itself in progress.
UNCOUNTED = frozenset(("/metrics", "/livez", "/readyz", "/health", "/api/health"))

CLIENT_GONE = 499  # nginx's code for a client that closed the connection before the answer


class MeasuredRequest:
    """A request from its first byte to its last; in progress from now until `finish`.

    Args:
        method: as the client sent it.
        client: the client's address, for the health report only.
        window: where the request is remembered for the health report.
        counted: false for a path in `UNCOUNTED`: it counts as finished from the start.

    Attributes:
        began: when, as `perf_counter` has it.
        method: as it is counted.
        endpoint: the full route template, once it has been counted.
        finished: whether it has been counted.
    """

    endpoint = UNMATCHED

    def __init__(
        self, method: str, client: str, window: RequestWindow, *, counted: bool = True
    ) -> None:
        self.began = perf_counter()
        self.method = method if method in METHODS else OTHER_METHOD
        self._client = client
        self._window = window
        self.finished = not counted
        if counted:
            self._metrics = get_metrics()
            self._in_progress = self._metrics.in_progress.labels(self.method)
            self._in_progress.inc()
            window.in_flight.add(self)

    def find_endpoint(self) -> str:
        """The full route template; each framework tells it in its own way."""
        return UNMATCHED

    def finish(self, status: int) -> None:
        """Count the request as answered with that status; the first call counts, later ones not."""
        if self.finished:
            return
        self.finished = True
        self._window.in_flight.discard(self)
        seconds = perf_counter() - self.began
        self._window.record((self.began, seconds, status, self._client))
        # What a route does not serve is answered 405 in every framework: any client can send it.
        method = OTHER_METHOD if status == 405 else self.method
        self._in_progress.dec()
        self.endpoint = self.find_endpoint()
        self._metrics.answered(method, self.endpoint, status, seconds)
        if access_log.isEnabledFor(logging.INFO):
            access_log.info("%s %s %d %.1f ms", method, self.endpoint, status, 1000 * seconds)


def log_unhandled(error: BaseException, method: str, endpoint: str) -> None:
    """Log an exception that nothing handled, with its traceback.

    Servers and frameworks differ in what they log themselves: with `is_new` one that does leaves
    out the same exception.
    """
    log.error("%s %s failed", method, endpoint, exc_info=error)
    error.add_note(_LOGGED)


def survivable(error: BaseException) -> BaseException:
    """The error that a server gets: `sys.exit()` in a route ends the request, not the worker."""
    if not isinstance(error, SystemExit | KeyboardInterrupt):
        return error
    failed = RuntimeError(f"a route raised {error!r}")
    failed.__cause__ = error
    return failed


def is_new(record: logging.LogRecord) -> bool:
    """A filter for a server's logger: drops what `log_unhandled` has logged already."""
    error = record.exc_info[1] if record.exc_info else None
    return _LOGGED not in getattr(error, "__notes__", ())


_LOGGED = f"logged by {__name__}"
