"""The metrics of the bookmarks: operations by outcome, and how long they took."""

from collections.abc import Callable
from functools import wraps
from time import perf_counter
from typing import ParamSpec, TypeVar

from ..platform.metrics import (
    Counter,
    Histogram,
    MetricGroup,
    bound,
    closed,
    safe_metrics_operation,
)

P = ParamSpec("P")
R = TypeVar("R")

_OPERATION = closed("create", "list", "get", "delete")


class BookmarkMetrics(MetricGroup, component="bookmarks"):
    """What is done with bookmarks."""

    operations = Counter(
        "bookmarks_operations_total",
        "Operations on bookmarks, by how they ended.",
        labels={"operation": _OPERATION, "outcome": closed("success", "not_found", "error")},
    )
    duration = Histogram(
        "bookmarks_operation_duration_seconds",
        "Time that an operation on bookmarks took, the database included.",
        labels={"operation": _OPERATION},
    )


def get_metrics() -> BookmarkMetrics:
    """The metrics of the bookmarks, bound to the current registry."""
    return bound(BookmarkMetrics)


@safe_metrics_operation("bookmarks")
def record(operation: str, outcome: str, seconds: float) -> None:
    """Count one operation that ended, with its duration in seconds."""
    metrics = get_metrics()
    metrics.operations.labels(operation, outcome).inc()
    metrics.duration.labels(operation).observe(seconds)


def counted(operation: str) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Record every call of the decorated function once it returned or raised."""

    def decorate(function: Callable[P, R]) -> Callable[P, R]:
        @wraps(function)
        def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
            start = perf_counter()
            outcome = "error"
            try:
                result = function(*args, **kwargs)
                outcome = "success"
                return result
            except LookupError:
                outcome = "not_found"
                raise
            finally:
                record(operation, outcome, perf_counter() - start)

        return wrapped

    return decorate
