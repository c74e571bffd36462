"""The HTTP metrics: one count, one duration and one gauge for every request."""

import os
from collections.abc import Callable
from threading import RLock
from typing import Any
from weakref import WeakKeyDictionary

from ..metrics import registry
from ..metrics.bounds import bounded_by, closed
from ..metrics.factory import Counter, Gauge, Histogram, MetricGroup, bound
from ..metrics.safety import report
from ..workers.directory import VARIABLE

# RFC 9110, section 9, with PATCH (RFC 5789) and QUERY.
METHODS = frozenset(
    ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY")
)
OTHER_METHOD = "_OTHER"
UNMATCHED = "unmatched"

_METHOD = closed(*METHODS, OTHER_METHOD)
_ENDPOINT = bounded_by("the routes of the application")
_STATUS = closed(*(str(status) for status in range(100, 600)))


class HttpMetrics(MetricGroup, component="http"):
    """Requests by method and route template; probes and scrapes are left out."""

    requests = Counter(
        "http_requests_total",
        "Requests answered, by the status sent; 499 where the client went away first.",
        labels={"method": _METHOD, "endpoint": _ENDPOINT, "status": _STATUS},
    )
    duration = Histogram(
        "http_request_duration_seconds",
        "Time from the first byte asked to the last byte answered.",
        labels={"method": _METHOD, "endpoint": _ENDPOINT},
    )
    in_progress = Gauge(
        "http_requests_in_progress",
        "Requests that a route has taken and not yet answered to the last byte.",
        labels={"method": _METHOD, "endpoint": _ENDPOINT},
        multiprocess="livesum",
    )


def get_metrics() -> HttpMetrics:
    """The HTTP metrics, bound to the current registry."""
    return bound(HttpMetrics)


# Values are kept in files, for other processes to read, where this names their folder.
IN_FILES = VARIABLE in os.environ

# In one process, so many answered requests are recorded together: then the code and the numbers
# that it takes are in the processor's caches, where one request alone finds them cold.
TOGETHER = 16

_running: WeakKeyDictionary[Any, list[float]] = WeakKeyDictionary()  # by child of the gauge
_waiting: "list[tuple[RouteMetrics, int, float]]" = []  # with status and seconds
_recording = RLock()  # the garbage collector may end a request while others are recorded


def record_waiting() -> None:
    """Record the answered requests that wait for it; whoever reads a metric comes here first."""
    with _recording:
        answered = _waiting[:]
        del _waiting[: len(answered)]
        for route, status, seconds in answered:
            try:
                route.record(status, seconds)
            except Exception as error:  # noqa: BLE001 - the others are still to be recorded
                report("http", error)


registry.readers.append(record_waiting)


class RouteMetrics:
    """What the requests of one method and endpoint are recorded on, without a look-up of labels.

    Attributes:
        enter: puts one more request in progress.
        leave: takes it out again.
    """

    __slots__ = ("_counts", "_labels", "_requests", "_took", "enter", "leave")

    def __init__(self, method: str, endpoint: str) -> None:
        metrics = get_metrics()
        in_progress = metrics.in_progress.labels(method, endpoint)
        self.enter: Callable[[float], None] = in_progress.inc
        self.leave: Callable[[], object] = in_progress.dec
        if not IN_FILES:
            # One process knows the requests itself: it keeps them, and a scrape counts them.
            running = _running.setdefault(in_progress, [])
            in_progress.set_function(running.__len__)
            self.enter = running.append
            self.leave = running.pop
        self._took: Callable[[float], None] = metrics.duration.labels(method, endpoint).observe
        self._counts: dict[int, Callable[[], None]] = {}
        self._requests = metrics.requests
        self._labels = (method, endpoint)

    def answered(self, status: int, seconds: float) -> None:
        """Count one request as answered with that status, after so long."""
        if IN_FILES:  # which other processes read at any moment
            self.record(status, seconds)
            return
        _waiting.append((self, status, seconds))
        if len(_waiting) >= TOGETHER:
            record_waiting()

    def record(self, status: int, seconds: float) -> None:
        """Write what was answered to the metrics."""
        count = self._counts.get(status)
        if count is None:
            count = self._counts[status] = self._requests.labels(*self._labels, str(status)).inc
        count()
        self._took(seconds)


class Routes(dict[tuple[str, str], RouteMetrics]):
    """The route metrics by method and endpoint, emptied when they must be looked up again.

    Attributes:
        emptied: how often that happened; what was looked up meanwhile is not to be kept.
    """

    emptied = 0

    def empty(self) -> None:
        """Forget all of them."""
        self.emptied += 1
        self.clear()


routes = Routes()
registry.watchers.append(routes.empty)


def route_metrics(method: str, endpoint: str) -> RouteMetrics:
    """What a request is recorded on; a method that no specification knows is `_OTHER`."""
    known = routes.get((method, endpoint))
    if known is not None:
        return known
    if method not in METHODS and method != OTHER_METHOD:
        return route_metrics(OTHER_METHOD, endpoint)
    emptied = routes.emptied
    route = RouteMetrics(method, endpoint)
    if routes.emptied == emptied:
        routes[method, endpoint] = route
    return route
