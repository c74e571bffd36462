"""Measures an engine: its connections, its pool, its queries, and the objects it writes."""

import logging
from collections.abc import Callable
from functools import partial
from threading import RLock
from typing import Any

from sqlalchemy import Engine, event
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import PoolProxiedConnection, QueuePool

from .metrics import WRITES, get_metrics, operation_of

# SQLAlchemy's pools log under the name of their class, and at INFO whenever one is closed.
logging.getLogger(__name__).setLevel(logging.WARNING)


class MeasuredPool(QueuePool):
    """A pool that says who waits for its connections."""

    def connect(self) -> PoolProxiedConnection:
        """A connection, as soon as there is a free one; SQLAlchemy's TimeoutError if there is none."""
        metrics = get_metrics()
        gave_up = metrics.pool_timeouts.count_exceptions(PoolTimeoutError)
        with metrics.pool_waiting.track_inprogress(), gave_up:
            return super().connect()


def measure(engine: Engine, pool_size: int, max_overflow: int) -> None:
    """Record everything that this engine, new and with a MeasuredPool, does from now on."""
    # The pool's own numbers are no use: they change after it says that a connection came back.
    lock = RLock()  # a garbage collection may give a connection back at any moment
    opened: set[object] = set()
    in_use: set[object] = set()

    def changed(change: Callable[[object], None], _: object, record: object, *of: object) -> None:
        with lock:
            change(record)
            metrics = get_metrics()
            metrics.pool_connections.labels("in_use").set(len(opened & in_use))
            metrics.pool_connections.labels("idle").set(len(opened - in_use))
            metrics.pool_overflow.set(max(0, len(opened) - pool_size))
            metrics.pool_limit.set(pool_size + max_overflow)

    event.listen(engine, "connect", partial(changed, opened.add))
    event.listen(engine, "checkout", partial(changed, in_use.add))
    event.listen(engine, "checkin", partial(changed, in_use.discard))
    event.listen(engine, "detach", partial(changed, opened.discard))  # it never comes back
    event.listen(engine, "close", partial(changed, opened.discard))
    event.listen(engine, "do_connect", _connect)
    for execute in ("do_execute", "do_executemany", "do_execute_no_params"):
        event.listen(engine, execute, partial(_execute, execute))


def measure_models(base: type[DeclarativeBase]) -> None:
    """Record every object of a subclass of `base` that is inserted, updated or deleted."""
    for operation in WRITES:
        event.listen(base, f"after_{operation}", partial(_written, operation), propagate=True)


def _connect(dialect: Any, record: object, arguments: Any, options: Any) -> object:
    metrics = get_metrics()
    try:
        with metrics.connection_duration.time(), metrics.connection_failures.count_exceptions():
            return dialect.connect(*arguments, **options)
    finally:
        metrics.connection_attempts.inc()


def _execute(execute: str, cursor: object, statement: str, *of: Any) -> bool:
    """Execute the statement, which SQLAlchemy then does not; its context comes last."""
    context = of[-1]
    if not context.root_connection.in_transaction():
        return False  # what SQLAlchemy asks a server that it meets for the first time
    operation, metrics = operation_of(statement), get_metrics()
    failed = metrics.query_failures.labels(operation).count_exceptions()
    with metrics.query_duration.labels(operation).time(), failed:
        getattr(context.dialect, execute)(cursor, statement, *of)
    return True


def _written(operation: str, mapper: Any, connection: object, target: object) -> None:
    get_metrics().model_operations.labels(operation, type(target).__name__).inc()
