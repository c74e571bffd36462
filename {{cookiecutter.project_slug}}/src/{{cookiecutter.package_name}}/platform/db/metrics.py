"""The database metrics: connections, the pool, queries, and what is written by model."""

from ..metrics import Counter, Gauge, Histogram, MetricGroup, bounded_by, closed, getter

WRITES = ("insert", "update", "delete")
OPERATIONS = ("select", *WRITES, "other")

# Bucket bounds in seconds: an indexed row takes below 1 ms, a person's patience ends in seconds.
QUERY_BUCKETS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)

_OPERATION = {"operation": closed(*OPERATIONS)}


class DatabaseMetrics(MetricGroup, component="database"):
    """What the service asks of its database, seen from the service."""

    connection_attempts = Counter("database_connection_attempts_total", "Attempts to connect.")
    connection_failures = Counter("database_connection_failures_total", "Attempts that failed.")
    connection_duration = Histogram(
        "database_connection_duration_seconds", "Time to open a connection, or to fail to."
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
    pool_timeouts = Counter("database_pool_timeouts_total", "Callers that gave up waiting.")
    query_duration = Histogram(
        "database_query_duration_seconds",
        "Time that a query took, or took to fail, by its first word.",
        _OPERATION,
        buckets=QUERY_BUCKETS,
    )
    query_failures = Counter(
        "database_query_failures_total",
        "Queries that the database refused or did not finish.",
        _OPERATION,
    )
    model_operations = Counter(
        "database_model_operations_total",
        "Objects that were written one by one; bulk statements show among the queries only.",
        labels={"operation": closed(*WRITES), "model": bounded_by("the models of the application")},
    )


get_metrics = getter(DatabaseMetrics)


def operation_of(statement: str) -> str:
    """The operation of an SQL statement, by its first word: one of OPERATIONS."""
    word = statement.lstrip()[:6].lower()  # each of them but `other` has six letters
    return word if word in OPERATIONS else "other"
