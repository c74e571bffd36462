"""The HTTP metrics: one count, one duration and one gauge for every request."""

import os
from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary

from ..metrics import registry
from ..metrics.bounds import bounded_by, closed
from ..metrics.factory import Counter, Gauge, Histogram, MetricGroup, bound
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


# prometheus_client counts in files, for other processes to read, where this names their folder.
IN_FILES = VARIABLE in os.environ

_running: WeakKeyDictionary[Any, list[None]] = WeakKeyDictionary()  # by child of the gauge


class RouteMetrics:
    """What the requests of one method and endpoint are recorded on, without a look-up of labels.

    Attributes:
        enter: puts one more request in progress.
        leave: takes it out again.
        took: takes the duration of an answered request, in seconds.
        counts: by status, what counts one answered request; `count_of` adds what is missing.
    """

    __slots__ = ("_labels", "_requests", "counts", "enter", "leave", "took")

    def __init__(self, method: str, endpoint: str) -> None:
        metrics = get_metrics()
        in_progress = metrics.in_progress.labels(method, endpoint)
        duration = metrics.duration.labels(method, endpoint)
        self.enter: Callable[[], None] = in_progress.inc
        self.leave: Callable[[], object] = in_progress.dec
        if not IN_FILES:
            # One process knows the requests itself: it keeps them, and a scrape counts them.
            running = _running.setdefault(in_progress, [])
            in_progress.set_function(running.__len__)
            self.enter = partial(running.append, None)
            self.leave = running.pop
        self.took: Callable[[float], None] = duration.observe
        self.counts: dict[int, Callable[[], None]] = {}
        self._requests = metrics.requests
        self._labels = (method, endpoint)

    def count_of(self, status: int) -> Callable[[], None]:
        """What counts one answered request of that status."""
        count: Callable[[], None] = self._requests.labels(*self._labels, str(status)).inc
        self.counts[status] = count
        return count


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
