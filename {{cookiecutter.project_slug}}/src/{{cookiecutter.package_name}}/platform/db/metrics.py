"""The database metrics: connections, the pool, queries, and what is written by model."""

from ..metrics import (
    Counter,
    Gauge,
    Histogram,
    MetricGroup,
    bound,
    bounded_by,
    closed,
    safe_metrics_operation,
)

OPERATIONS = frozenset(("select", "insert", "update", "delete"))
OTHER_OPERATION = "other"

# Bucket bounds in seconds: an indexed row takes below 1 ms, a person's patience ends in seconds.
QUERY_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

_OPERATION = closed(*OPERATIONS, OTHER_OPERATION)


class DatabaseMetrics(MetricGroup, component="database"):
    """What the service asks of its database, seen from the service."""

    connection_attempts = Counter(
        "database_connection_attempts_total",
        "Connections that the service tried to open.",
    )
    connection_failures = Counter(
        "database_connection_failures_total",
        "Connections that could not be opened.",
    )
    connection_duration = Histogram(
        "database_connection_duration_seconds",
        "Time that it took to open a connection, or to fail.",
    )
    pool_connections = Gauge(
        "database_pool_connections",
        "Open connections, by whether somebody uses them.",
        labels={"state": closed("in_use", "idle")},
        multiprocess="livesum",
    )
    pool_overflow = Gauge(
        "database_pool_overflow_connections",
        "Open connections beyond the size of the pool.",
        multiprocess="livesum",
    )
    pool_limit = Gauge(
        "database_pool_max_connections",
        "Connections that may be open at once, the overflow included.",
        multiprocess="livesum",
    )
    pool_waiting = Gauge(
        "database_pool_waiting_callers",
        "Callers that wait for a connection, one that is being opened for them included.",
        multiprocess="livesum",
    )
    pool_timeouts = Counter(
        "database_pool_timeouts_total",
        "Callers that gave up waiting for a connection.",
    )
    query_duration = Histogram(
        "database_query_duration_seconds",
        "Time that a query took, or took to fail, by its first word.",
        labels={"operation": _OPERATION},
        buckets=QUERY_BUCKETS,
    )
    query_failures = Counter(
        "database_query_failures_total",
        "Queries that the database refused or did not finish.",
        labels={"operation": _OPERATION},
    )
    model_operations = Counter(
        "database_model_operations_total",
        "Objects that were written one by one; bulk statements show among the queries only.",
        labels={
            "operation": closed("insert", "update", "delete"),
            "model": bounded_by("the models of the application"),
        },
    )


def get_metrics() -> DatabaseMetrics:
    """The database metrics, bound to the current registry."""
    return bound(DatabaseMetrics)


@safe_metrics_operation("database")
def record_connection(seconds: float, *, opened: bool) -> None:
    """Count one attempt to open a connection, with its duration in seconds."""
    metrics = get_metrics()
    metrics.connection_attempts.inc()
    if not opened:
        metrics.connection_failures.inc()
    metrics.connection_duration.observe(seconds)


@safe_metrics_operation("database")
def record_pool_use(in_use: int, idle: int) -> None:
    """Take how many open connections somebody uses, and how many nobody."""
    connections = get_metrics().pool_connections
    connections.labels("in_use").set(in_use)
    connections.labels("idle").set(idle)


@safe_metrics_operation("database")
def record_pool(in_use: int, idle: int, overflow: int, limit: int) -> None:
    """Take the whole state of the pool, in connections."""
    metrics = get_metrics()
    metrics.pool_overflow.set(overflow)
    metrics.pool_limit.set(limit)
    record_pool_use(in_use, idle)


@safe_metrics_operation("database")
def record_waiting(change: int) -> None:
    """Take that a caller began (1) or ended (-1) to wait for a connection."""
    get_metrics().pool_waiting.inc(change)


@safe_metrics_operation("database")
def record_pool_timeout() -> None:
    """Count one caller that gave up waiting for a connection."""
    get_metrics().pool_timeouts.inc()


@safe_metrics_operation("database")
def record_query(statement: str, seconds: float, *, failed: bool = False) -> None:
    """Count one query that ended, by the first word of its SQL, with its duration in seconds."""
    word = statement.lstrip()[:6].lower()  # each of the operations has six letters
    operation = word if word in OPERATIONS else OTHER_OPERATION
    metrics = get_metrics()
    metrics.query_duration.labels(operation).observe(seconds)
    if failed:
        metrics.query_failures.labels(operation).inc()


@safe_metrics_operation("database")
def record_model_operation(operation: str, model: str) -> None:
    """Count one object of that model that was written: `insert`, `update` or `delete`."""
    get_metrics().model_operations.labels(operation, model).inc()
