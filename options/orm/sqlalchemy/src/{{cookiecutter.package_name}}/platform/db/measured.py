"""Measures an engine: its connections, its pool, its queries, and the objects it writes."""

import logging
from collections.abc import Callable
from functools import partial
from threading import RLock
from time import perf_counter
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import PoolProxiedConnection, QueuePool

from .metrics import WRITES, get_metrics, operation_of

_STARTED = "query_started"

# SQLAlchemy's pools log under the name of their class, and at INFO whenever one is closed.
logging.getLogger(__name__).setLevel(logging.WARNING)


class MeasuredPool(QueuePool):
    """A pool that says who waits for its connections."""

    def connect(self) -> PoolProxiedConnection:
        """A connection, as soon as there is a free one.

        Raises:
            TimeoutError: there was none for as long as the pool waits (SQLAlchemy's own).
        """
        metrics = get_metrics()
        gave_up = metrics.pool_timeouts.count_exceptions(PoolTimeoutError)
        with metrics.pool_waiting.track_inprogress(), gave_up:
            return super().connect()


def measure(engine: Engine, pool_size: int, max_overflow: int) -> None:
    """Record everything that this engine, new and with a MeasuredPool, does from now on."""
    event.listen(engine, "do_connect", _connect)
    event.listen(engine, "before_cursor_execute", _query_starts)
    event.listen(engine, "after_cursor_execute", _query_ends)
    event.listen(engine, "handle_error", _query_fails)
    _watch_pool(engine, pool_size, max_overflow)


def measure_models(base: type[DeclarativeBase]) -> None:
    """Record every object of a subclass of `base` that is inserted, updated or deleted."""
    for operation in WRITES:
        event.listen(base, f"after_{operation}", partial(_written, operation), propagate=True)


def _watch_pool(engine: Engine, pool_size: int, max_overflow: int) -> None:
    """Keep the gauges of the pool up to date.

    The pool's own numbers are not: they change after it says that a connection came back.
    """
    lock = RLock()  # a garbage collection may give a connection back at any moment
    opened: set[object] = set()
    in_use: set[object] = set()

    def changed(change: Callable[[object], None], _: object, record: object, *of: object) -> None:
        with lock:
            known = len(opened)
            change(record)
            metrics = get_metrics()
            metrics.pool_connections.labels("in_use").set(len(opened & in_use))
            metrics.pool_connections.labels("idle").set(len(opened - in_use))
            if len(opened) != known:
                metrics.pool_overflow.set(max(0, len(opened) - pool_size))
                metrics.pool_limit.set(pool_size + max_overflow)

    event.listen(engine, "connect", partial(changed, opened.add))
    event.listen(engine, "checkout", partial(changed, in_use.add))
    event.listen(engine, "checkin", partial(changed, in_use.discard))
    event.listen(engine, "detach", partial(changed, in_use.discard))
    event.listen(engine, "detach", partial(changed, opened.discard))
    event.listen(engine, "close", partial(changed, opened.discard))


def _connect(dialect: Any, record: object, arguments: Any, options: Any) -> object:
    metrics = get_metrics()
    try:
        with metrics.connection_duration.time(), metrics.connection_failures.count_exceptions():
            return dialect.connect(*arguments, **options)
    finally:
        metrics.connection_attempts.inc()


def _query_starts(connection: Connection, cursor: object, *statement: object) -> None:
    connection.info[_STARTED] = perf_counter()


def _query_ends(connection: Connection, cursor: object, statement: str, *of: object) -> None:
    seconds = perf_counter() - connection.info.pop(_STARTED)
    get_metrics().query_duration.labels(operation_of(statement)).observe(seconds)


def _query_fails(failure: ExceptionContext) -> None:
    connection, statement = failure.connection, failure.statement
    if connection and statement and _STARTED in connection.info:
        _query_ends(connection, None, statement)
        get_metrics().query_failures.labels(operation_of(statement)).inc()


def _written(operation: str, mapper: Any, connection: Connection, target: object) -> None:
    get_metrics().model_operations.labels(operation, type(target).__name__).inc()
