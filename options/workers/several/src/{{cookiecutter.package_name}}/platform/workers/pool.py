"""The workers as one: where each of them counts, and how they admit label sets together."""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from prometheus_client import CollectorRegistry, values

from ..metrics import sharing
from ..metrics.sharing import LabelSets, Turn
from .collector import WorkersCollector
from .ledger import Ledger
from .table import Table
from .values import counting, shared_value

log = logging.getLogger(__name__)

# The first columns of the table: what gauges keep of workers that ended, and the server itself.
ENDED, SERVER, WORKERS = 0, 1, 2

# How many workers more may be added while the service runs, by SIGTTIN.
SPARE = 8


class Workers:
    """The workers of this service, which are forked from the process that makes this.

    It is also what `Processes` in metrics/sharing.py describes.

    Attributes:
        table: where the server and the workers count.
        collector: what a scrape reads.
    """

    def __init__(self, number: int) -> None:
        self.table = Table(WORKERS + number + SPARE)
        self._admitted = Ledger()
        self.collector = WorkersCollector(self.table, WORKERS)
        self._working: list[Any] = [None] * (number + SPARE)
        self._next: int | None = None

    def share(self, collectors: CollectorRegistry) -> None:
        """From now on, count here in this process and in the workers that are forked from it."""
        self.collector.note_what_is_not_shared(collectors)
        counting.join(self.table, self.table.columns[SERVER])
        prometheus: Any = values
        prometheus.ValueClass = shared_value
        sharing.processes = self

    def before_fork(self, server: Any, worker: Any) -> None:
        """Choose the column of a worker; a hook of gunicorn's, in the server."""
        self._next = next((n for n, one in enumerate(self._working) if one is None), None)
        if self._next is None:
            log.error("one worker more than can count together: what it counts is not shown")
        else:
            self._working[self._next] = worker

    def after_fork(self, server: Any, worker: Any) -> None:
        """Count in the column that was chosen; a hook of gunicorn's, in the worker."""
        if self._next is not None:
            counting.join(self.table, self.table.columns[WORKERS + self._next])

    def after_end(self, server: Any, worker: Any) -> None:
        """Take a dead worker's gauges away; a hook of gunicorn's, in the server.

        What it counted stays in its column, where its successor goes on counting.
        """
        if worker in self._working:
            number = self._working.index(worker)
            columns = self.table.columns
            self.table.end(columns[WORKERS + number], columns[ENDED])
            self._working[number] = None

    def admissions(self, metric: str) -> Turn:
        """How the workers admit the label sets of that metric together."""
        seen = 0

        @contextmanager
        def turn() -> Iterator[tuple[LabelSets, LabelSets]]:
            nonlocal seen
            with self._admitted.turn() as added:
                known = [json.loads(line) for line in self._admitted.lines[seen:]]
                seen += len(known)
                own: LabelSets = []
                yield [tuple(texts) for name, *texts in known if name == metric], own
                added.extend(json.dumps([metric, *texts]) for texts in own)

        return turn
