"""The HTTP metrics: one count, one duration and one gauge for every request."""

from ..metrics import Counter, Gauge, Histogram, MetricGroup, bound, bounded_by, closed

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


def get_metrics() -> HttpMetrics:
    """The HTTP metrics, bound to the current registry."""
    return bound(HttpMetrics)
