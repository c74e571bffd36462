"""One request, measured: counted once, whatever becomes of it, in every framework."""

from time import perf_counter
from typing import Any

from ..health.window import RequestWindow
from ..metrics.safety import report
from .metrics import METHODS, OTHER_METHOD, UNMATCHED, get_metrics

# Asked by machines every few seconds; counting them would drown the users' requests.
UNCOUNTED = frozenset(("/metrics", "/livez", "/readyz", "/health", "/api/health"))

CLIENT_GONE = 499  # nginx's code for a client that closed the connection before the answer


class MeasuredRequest:
    """A request from its first byte to its last.

    Args:
        method: as the client sent it; one that no specification knows is counted as `_OTHER`.
        client: the client's address, for the health report only.
        window: where the request is remembered for the health report.
    """

    __slots__ = ("_client", "_endpoint", "_finished", "_gauge", "_method", "_start", "_window")

    def __init__(self, method: str, client: str, window: RequestWindow) -> None:
        self._start = perf_counter()
        self._method = method if method in METHODS else OTHER_METHOD
        self._client = client
        self._window = window
        self._endpoint = UNMATCHED
        self._gauge: Any = None
        self._finished = False

    def routed(self, endpoint: str) -> None:
        """Take the template of the route that was found; the request is in progress there."""
        self._endpoint = endpoint
        if self._gauge is not None or endpoint in UNCOUNTED:
            return
        try:
            gauge = get_metrics().in_progress.labels(self._method, endpoint)
            gauge.inc()
            self._gauge = gauge
        except Exception as error:  # noqa: BLE001 - a metric never breaks a request
            report("http", error)

    def finish(self, status: int) -> None:
        """Count the request as answered with that status; the first call counts, later ones not."""
        if self._finished:
            return
        self._finished = True
        if self._endpoint in UNCOUNTED:
            return
        seconds = perf_counter() - self._start
        self._window.record(status, seconds, self._client)
        try:
            if self._gauge is not None:
                self._gauge.dec()
            metrics = get_metrics()
            metrics.requests.labels(self._method, self._endpoint, str(status)).inc()
            metrics.duration.labels(self._method, self._endpoint).observe(seconds)
        except Exception as error:  # noqa: BLE001 - a metric never breaks a request
            report("http", error)
