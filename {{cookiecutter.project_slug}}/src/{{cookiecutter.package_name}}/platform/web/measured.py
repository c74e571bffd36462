"""One request, measured: counted once, whatever becomes of it, in every framework."""

import logging
from time import perf_counter

from ..core.logging import identify
from .metrics import METHODS, OTHER_METHOD, UNMATCHED, get_metrics
from .service import Service

log = logging.getLogger(__name__)
access_log = logging.getLogger(f"{__name__}.access")
LOGGED = f"logged by {__name__}"  # a note, for a server that would log the same exception again


class MeasuredRequest:
    """A request from its first byte to its last; in progress from now until `finish`."""

    endpoint = UNMATCHED  # the full route template that is counted, once it is finished
    finished = False

    def __init__(
        self, service: Service, method: str, client: str, given: str | None, trace: str | None
    ) -> None:
        self.began = perf_counter()
        self.method = method if method in METHODS else OTHER_METHOD
        self.id = identify(given, trace)  # of the headers X-Request-ID and traceparent
        self._client = client
        self._window = service.window
        self._metrics = metrics = get_metrics()
        begin, self._end = metrics.known.get(self.method) or metrics.started(self.method)
        begin()
        self._window.in_flight.add(self)

    def find_endpoint(self) -> str:
        """The full route template; each framework tells it in its own way."""
        return UNMATCHED

    def finish(self, status: int) -> None:
        """Count the request as answered with that status, unless it was counted already."""
        if self.finished:
            return
        self.finished = True
        self._window.in_flight.discard(self)
        seconds = perf_counter() - self.began
        self._window.record((self.began, seconds, status, self._client))
        self._end()
        # What a route does not serve is answered 405 in every framework: any client can send it.
        method = OTHER_METHOD if status == 405 else self.method
        self.endpoint = self.find_endpoint()
        labels = (method, self.endpoint, status)
        count, observe = self._metrics.known.get(labels) or self._metrics.answered(*labels)
        count()
        observe(seconds)
        access_log.info("%s %s %d %.1f ms", *labels, 1000 * seconds)


def log_unhandled(error: BaseException, method: str, endpoint: str) -> None:
    """Log an exception that nothing handled, with its traceback."""
    log.error("%s %s failed", method, endpoint, exc_info=error)
    error.add_note(LOGGED)
