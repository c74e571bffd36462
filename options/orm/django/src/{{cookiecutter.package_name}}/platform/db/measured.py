"""Measures Django's connections: their opening, their queries, and the objects that are written."""

import os
from collections.abc import Callable
from threading import Lock, local
from typing import Any, ClassVar
from weakref import WeakSet, finalize

from django.core.signals import request_finished
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models.signals import post_delete, post_save

from .dialects import DIALECTS
from .metrics import get_metrics, operation_of

# Each thread has a connection of its own: 16 that serve (web/threads.py), one per health check,
# one that polls.
MOST_CONNECTIONS = 19

# What Django says to begin, end and nest transactions; no queries, and not said to every database.
TRANSACTION = ("BEGIN", "SAVEPOINT", "RELEASE SAVEPOINT", "ROLLBACK TO")


class MeasuredConnection(BaseDatabaseWrapper):
    """The connection of a thread, which records everything that it does."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.execute_wrappers.append(self._measure_query)

    def get_new_connection(self, conn_params: Any) -> Any:
        """Open a connection of the driver and make it ready."""
        metrics = get_metrics()
        duration, failed = metrics.connection_duration.time(), metrics.connection_failures
        try:
            with metrics.pool_waiting.track_inprogress(), duration, failed.count_exceptions():
                connection = super().get_new_connection(conn_params)
        finally:
            metrics.connection_attempts.inc()
        DIALECTS[self.vendor].prepare(connection)
        return connection

    def connect(self) -> None:
        """Connect; the connection is in use from now on."""
        super().connect()
        _open.opened(self)

    def close(self) -> None:
        """Close the connection, or mark it to be closed at the end of its transaction."""
        super().close()
        if self.connection is None:
            _open.closed(self)

    def _measure_query(self, execute: Callable[..., Any], sql: str, *how: Any) -> Any:
        _open.change(self, in_use=True)
        if sql.startswith(TRANSACTION):
            return execute(sql, *how)
        operation, metrics = operation_of(sql), get_metrics()
        failed = metrics.query_failures.labels(operation).count_exceptions()
        with metrics.query_duration.labels(operation).time(), failed:
            return execute(sql, *how)


class _Thread:
    """Local to one thread, so that it goes when the thread ends.

    Nobody else closes a connection then: its objects refer to each other, and it would stay open
    until a garbage collection.
    """

    def __init__(self) -> None:
        self.connections: WeakSet[BaseDatabaseWrapper] = WeakSet()
        finalize(self, _close, self.connections, os.getpid()).atexit = False


def _close(connections: WeakSet[BaseDatabaseWrapper], process: int) -> None:
    if os.getpid() == process:  # in a child that was forked they are its parent's
        for connection in tuple(connections):
            connection.close()


class _OpenConnections(local):
    """Which connections are open and which of them are in use."""

    _lock = Lock()
    _in_use: ClassVar[dict[BaseDatabaseWrapper, bool]] = {}

    def __init__(self) -> None:
        self._thread = _Thread()

    def opened(self, connection: BaseDatabaseWrapper) -> None:
        self._thread.connections.add(connection)
        with self._lock:
            self._in_use[connection] = True
            self._record()

    def change(self, connection: BaseDatabaseWrapper, *, in_use: bool) -> None:
        # Its own thread alone changes a connection, so this look needs no lock.
        if self._in_use.get(connection, in_use) is not in_use:
            with self._lock:
                self._in_use[connection] = in_use
                self._record()

    def closed(self, connection: BaseDatabaseWrapper) -> None:
        with self._lock:
            if self._in_use.pop(connection, None) is not None:
                self._record()

    def _record(self) -> None:
        metrics, in_use = get_metrics(), sum(self._in_use.values())
        metrics.pool_connections.labels("in_use").set(in_use)
        metrics.pool_connections.labels("idle").set(len(self._in_use) - in_use)
        metrics.pool_limit.set(MOST_CONNECTIONS)
        metrics.pool_overflow.set(0)
        metrics.pool_timeouts.inc(0)  # a thread has its own connection and waits for no other


_open = _OpenConnections()


def give_back(**of: object) -> None:
    """This thread's connections are not in use until its next query."""
    for connection in connections.all(initialized_only=True):
        _open.change(connection, in_use=False)


def _saved(sender: type, *, created: bool, **of: object) -> None:
    operation = "insert" if created else "update"
    get_metrics().model_operations.labels(operation, sender.__name__).inc()


def _deleted(sender: type, **of: object) -> None:
    get_metrics().model_operations.labels("delete", sender.__name__).inc()


request_finished.connect(give_back)
post_save.connect(_saved)
post_delete.connect(_deleted)
