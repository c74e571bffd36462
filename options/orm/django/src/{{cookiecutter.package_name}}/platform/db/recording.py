"""Records what `measured.py` finds out about Django's connections."""

from .metrics import get_metrics, operation_of


def record_connection(seconds: float, *, opened: bool) -> None:
    """Count one attempt to open a connection, with its duration in seconds."""
    metrics = get_metrics()
    metrics.connection_attempts.inc()
    if not opened:
        metrics.connection_failures.inc()
    metrics.connection_duration.observe(seconds)


def record_pool_use(in_use: int, idle: int) -> None:
    """Take how many open connections somebody uses, and how many nobody."""
    connections = get_metrics().pool_connections
    connections.labels("in_use").set(in_use)
    connections.labels("idle").set(idle)


def record_pool(in_use: int, idle: int, overflow: int, limit: int) -> None:
    """Take the whole state of the pool, in connections."""
    metrics = get_metrics()
    metrics.pool_overflow.set(overflow)
    metrics.pool_limit.set(limit)
    metrics.pool_timeouts.inc(0)  # a thread has its own connection and waits for nobody else's
    record_pool_use(in_use, idle)


def record_waiting(change: int) -> None:
    """Take that a caller began (1) or ended (-1) to wait for a connection."""
    get_metrics().pool_waiting.inc(change)


def record_query(statement: str, seconds: float, *, failed: bool = False) -> None:
    """Count one query that ended, by the first word of its SQL, with its duration in seconds."""
    operation = operation_of(statement)
    metrics = get_metrics()
    metrics.query_duration.labels(operation).observe(seconds)
    if failed:
        metrics.query_failures.labels(operation).inc()


def record_model_operation(operation: str, model: str) -> None:
    """Count one object of that model that was written: `insert`, `update` or `delete`."""
    get_metrics().model_operations.labels(operation, model).inc()
