"""The numbers of metrics, in a table that other processes read, in place of prometheus_client's."""

import json
import os
from threading import RLock
from typing import Any

from ..metrics.factory import report
from .table import NOWHERE, PROCESS, Column, Table, columns

SET_ONCE = 1.0  # when a gauge was set, where nobody asks for the time


class Counting:
    """Where this process counts: from its start on in a column of its own, which nobody reads.

    So does one that is forked, until it joins: no two processes ever write the same number.
    """

    table: Table

    def __init__(self) -> None:
        self._forked()
        os.register_at_fork(after_in_child=self._forked)

    def join(self, table: Table, column: Column) -> None:
        """Count in that column of the table from now on."""
        column[PROCESS] = os.getpid()
        self.table, self.column = table, column

    def _forked(self) -> None:
        [self.column] = columns(1)
        # The garbage collector may end a request, which counts, while another one counts. A thread
        # of the parent may hold the parent's lock, and is not here to let go.
        self.lock = RLock()


counting = Counting()


class SharedValue:
    """A number as `prometheus_client.values.ValueClass` makes them; exemplars have no room."""

    def __init__(self, kind: str, *key: Any, **options: object) -> None:
        metric, sample, labels, values, about = key
        named = dict(zip(labels, values, strict=True))
        self._key = json.dumps([kind, metric, sample, named, about])
        self._place = counting.table.place(self._key)

    def inc(self, amount: float) -> None:
        """Add to it."""
        place = self._place or self._found()
        with counting.lock:
            counting.column[place] += amount

    def set(self, value: float, timestamp: float | None = None) -> None:
        """Replace it."""
        place = self._place or self._found()
        with counting.lock:
            counting.column[place] = value

    def get(self) -> float:
        """What it is in this process."""
        return counting.column[self._place or self._found()]

    def set_exemplar(self, exemplar: object) -> None:
        """Do without."""

    def get_exemplar(self) -> None:
        """There is none."""

    def _found(self) -> int:
        """Look for its place again: what is counted without one is lost, and reported."""
        self._place = counting.table.place(self._key)
        if self._place == NOWHERE and (failure := counting.table.failure):
            counting.table.failure = None
            report("workers", failure)
        return self._place


class SharedGauge(SharedValue):
    """A number that says when it was set: a process that never did has no part in a minimum."""

    def __init__(self, kind: str, *key: Any, multiprocess_mode: str) -> None:
        super().__init__(f"{kind}_{multiprocess_mode}", *key)

    def inc(self, amount: float) -> None:
        """Add to it."""
        place = self._place or self._found()
        with counting.lock:
            column = counting.column
            column[place] += amount
            column[place + 1] = column[place + 1] or SET_ONCE

    def set(self, value: float, timestamp: float | None = None) -> None:
        """Replace it; the time tells which one is the most recent."""
        place = self._place or self._found()
        with counting.lock:
            counting.column[place] = value
            counting.column[place + 1] = timestamp or SET_ONCE


def shared_value(kind: str, *key: Any, **options: Any) -> SharedValue:
    """Make a number of that kind of metric."""
    make = SharedGauge if kind == "gauge" else SharedValue
    return make(kind, *key, **options)
