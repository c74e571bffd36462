"""The HTTP metrics: one count, one duration and one gauge for every request."""

from collections import deque
from collections.abc import Callable
from functools import partial
from typing import Any

from ..metrics import Counter, Gauge, Histogram, MetricGroup, bounded_by, closed, getter, registry
from ..metrics.factory import DISABLED, unguarded

# RFC 9110, section 9, with PATCH (RFC 5789) and QUERY.
_NAMES = "GET HEAD POST PUT DELETE CONNECT OPTIONS TRACE PATCH QUERY"
METHODS = frozenset(_NAMES.split())
OTHER_METHOD = "_OTHER"  # a method that no specification knows, or that the route does not serve
UNMATCHED = "unmatched"  # the endpoint of a request for which there is no route
CLIENT_GONE = 499  # nginx's code for a client that closed the connection before the answer
Calls = tuple[Callable[..., Any], ...]  # two of them

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
        "Time from the first byte received to the last byte sent.",
        labels={"method": _METHOD, "endpoint": _ENDPOINT},
    )
    in_progress = Gauge(
        "http_requests_in_progress",
        "Requests received and not yet answered to the last byte.",
        labels={"method": _METHOD},
        multiprocess="livesum",
    )

    def __init__(self) -> None:
        # What records a request, by method where it begins, by all its labels where it ends.
        self.known: dict[Any, Calls] = {}  # as few as the labels are
        self.here: dict[str, deque[None]] = {}  # as many as are in progress, by method

    def started(self, method: str) -> Calls:
        """What counts a request as in progress, and no longer so; one process need not add up."""
        gauge = self.in_progress.labels(method)
        if registry.active.several:
            return self._keep(method, gauge.inc, gauge.dec)
        here = self.here.setdefault(method, deque())
        gauge.set_function(here.__len__)
        return self.known.setdefault(method, (partial(here.append, None), here.pop))

    def answered(self, method: str, endpoint: str, status: int) -> Calls:
        """What counts a request that was answered so, and times it."""
        count = self.requests.labels(method, endpoint, str(status))
        duration = self.duration.labels(method, endpoint)
        return self._keep((method, endpoint, status), count.inc, duration.observe)

    def _keep(self, labels: object, *calls: Callable[..., Any]) -> Calls:
        if DISABLED.inc not in calls:  # what fails is to be reported each time
            self.known[labels] = tuple(map(unguarded, calls))
        return calls


get_metrics = getter(HttpMetrics)
