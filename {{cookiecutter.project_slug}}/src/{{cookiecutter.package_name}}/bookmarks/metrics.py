"""The metrics of the bookmarks: operations by outcome, and how long they took."""

from collections.abc import Iterator
from contextlib import contextmanager

from ..platform.metrics import Counter, Gauge, Histogram, MetricGroup, closed, getter

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
    stored = Gauge(
        "bookmarks_stored",
        "Bookmarks in the database, as the last poll found them; 0 before the first.",
        multiprocess="livemostrecent",
    )


get_metrics = getter(BookmarkMetrics)


@contextmanager
def counted(operation: str) -> Iterator[None]:
    """Count the operation of a block, or of each call of a decorated function, once it ended."""
    metrics, outcome = get_metrics(), "error"
    try:
        with metrics.duration.labels(operation).time():
            yield
        outcome = "success"
    except LookupError:
        outcome = "not_found"
        raise
    finally:
        metrics.operations.labels(operation, outcome).inc()
