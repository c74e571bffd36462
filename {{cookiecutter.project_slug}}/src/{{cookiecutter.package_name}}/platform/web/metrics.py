"""The HTTP metrics: one count, one duration and one gauge for every request."""

from typing import Any

from ..metrics import Counter, Gauge, Histogram, MetricGroup, bound, bounded_by, closed
from ..metrics.factory import DISABLED

# RFC 9110, section 9, with PATCH (RFC 5789) and QUERY.
METHODS = frozenset(
    ("GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY")
)
OTHER_METHOD = "_OTHER"  # a method that no specification knows, or that the route does not serve
UNMATCHED = "unmatched"  # the endpoint of a request for which there is no route

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
        self._known: dict[tuple[str, str, int], Any] = {}  # as few as the labels are

    def answered(self, method: str, endpoint: str, status: int, seconds: float) -> None:
        """Count a request that was answered so, and time it; known labels cost one look-up."""
        labels = (method, endpoint, status)
        children = self._known.get(labels)
        if children is None:
            count = self.requests.labels(method, endpoint, str(status))
            children = (count, self.duration.labels(method, endpoint))
            if DISABLED not in children:  # what fails is to be reported each time
                self._known[labels] = children
        requests, duration = children
        requests.inc()
        duration.observe(seconds)


def get_metrics() -> HttpMetrics:
    """The HTTP metrics, bound to the current registry."""
    return bound(HttpMetrics)
