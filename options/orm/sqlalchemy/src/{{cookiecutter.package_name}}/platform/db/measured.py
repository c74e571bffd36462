"""Measures an engine: its connections, its pool, its queries, and the objects it writes."""

import logging
from functools import partial
from threading import Lock
from time import perf_counter
from typing import Any

from sqlalchemy import Connection, Engine, event
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.pool import PoolProxiedConnection, QueuePool

from .metrics import (
    record_connection,
    record_model_operation,
    record_pool,
    record_pool_timeout,
    record_pool_use,
    record_query,
    record_waiting,
)

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
        record_waiting(1)
        try:
            return super().connect()
        except PoolTimeoutError:
            record_pool_timeout()
            raise
        finally:
            record_waiting(-1)


def measure(engine: Engine, pool_size: int, max_overflow: int) -> None:
    """Record everything that this engine, new and with a MeasuredPool, does from now on."""
    event.listen(engine, "do_connect", _connect)
    event.listen(engine, "before_cursor_execute", _query_starts)
    event.listen(engine, "after_cursor_execute", _query_ends)
    event.listen(engine, "handle_error", _query_fails)
    connections = _Connections(pool_size, max_overflow)
    event.listen(engine, "connect", connections.opened)
    event.listen(engine, "checkout", connections.taken)
    event.listen(engine, "checkin", connections.returned)
    event.listen(engine, "close", connections.closed)
    event.listen(engine, "detach", connections.closed)


def measure_models(base: type[DeclarativeBase]) -> None:
    """Record every object of a subclass of `base` that is inserted, updated or deleted."""
    for operation in ("insert", "update", "delete"):
        event.listen(base, f"after_{operation}", partial(_written, operation), propagate=True)


class _Connections:
    """The open connections of a pool, and which of them are in use."""

    def __init__(self, pool_size: int, max_overflow: int) -> None:
        self._pool_size = pool_size
        self._limit = pool_size + max_overflow
        self._lock = Lock()
        self._in_use: dict[object, bool] = {}

    def opened(self, connection: object, record: object) -> None:
        with self._lock:
            self._in_use[record] = False
            self._record_all()

    def taken(self, connection: object, record: object, proxy: object) -> None:
        self._change(record, in_use=True)

    def returned(self, connection: object, record: object) -> None:
        self._change(record, in_use=False)

    def closed(self, connection: object, record: object) -> None:
        with self._lock:
            self._in_use.pop(record, None)
            self._record_all()

    def _change(self, record: object, *, in_use: bool) -> None:
        with self._lock:
            if record in self._in_use:
                self._in_use[record] = in_use
            record_pool_use(*self._use())

    def _use(self) -> tuple[int, int]:
        in_use = sum(self._in_use.values())
        return in_use, len(self._in_use) - in_use

    def _record_all(self) -> None:
        overflow = max(0, len(self._in_use) - self._pool_size)
        record_pool(*self._use(), overflow, self._limit)


def _connect(dialect: Any, record: object, arguments: Any, options: Any) -> object:
    start = perf_counter()
    opened = False
    try:
        connection: object = dialect.connect(*arguments, **options)
        opened = True
        return connection
    finally:
        record_connection(perf_counter() - start, opened=opened)


def _query_starts(connection: Connection, cursor: object, *statement: object) -> None:
    connection.info[_STARTED] = perf_counter()


def _query_ends(connection: Connection, cursor: object, statement: str, *of: object) -> None:
    record_query(statement, perf_counter() - connection.info.pop(_STARTED))


def _query_fails(failure: ExceptionContext) -> None:
    started = failure.connection and failure.connection.info.pop(_STARTED, None)
    if started and failure.statement:
        record_query(failure.statement, perf_counter() - started, failed=True)


def _written(operation: str, mapper: Any, connection: Connection, target: object) -> None:
    record_model_operation(operation, type(target).__name__)
