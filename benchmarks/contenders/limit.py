"""The limit: metrics and cached children for the smallest usable middleware on prometheus_client.

Each framework's file has the middleware itself, written out so that no call is spent on sharing code: route and
status read, one look-up, one `Counter.inc`, one `Histogram.observe`, one `Gauge.inc` and one `Gauge.dec`. It bounds
nothing, survives no failing metric, and counts streams and clients that go away as it happens to.

As "limit, named" it also names each request, as ours does: it takes X-Request-ID, which it does not check, or makes a
name, keeps it for what is logged meanwhile, and sends it with the answer.
"""

from collections.abc import Callable
from contextvars import ContextVar
from random import getrandbits

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

NAMED = "limit, named"

request_id = ContextVar("request_id", default="")

Key = tuple[str, str, int]
Children = tuple[Callable[[], None], Callable[[float], None]]


class LimitMetrics(dict[Key, Children]):
    """By method, route template and status: the counter's `inc` and the histogram's `observe`."""

    def __init__(self) -> None:
        registry = CollectorRegistry()
        self.requests = Counter("limit_requests", "Requests.", ["method", "route", "status"], registry=registry)
        self.duration = Histogram("limit_seconds", "Seconds.", ["method", "route"], registry=registry)
        self.in_progress = Gauge("limit_in_progress", "In progress.", registry=registry, multiprocess_mode="livesum")

    def __missing__(self, key: Key) -> Children:
        """Make the children of a key that is new."""
        method, route, status = key
        children = self.requests.labels(method, route, str(status)).inc, self.duration.labels(method, route).observe
        self[key] = children
        return children


def identify(given: str | None) -> str:
    """Name a request, for as long as it takes."""
    named = given or f"{getrandbits(64):016x}"
    request_id.set(named)
    return named
