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

# The first columns: what gauges keep of workers that ended, the server itself, the first worker.
ENDED, SERVER, WORKERS = 0, 1, 2

# Workers that may be added while the service runs: gunicorn does so at SIGTTIN.
SPARE = 8


class Workers:
    """The workers of this service, forked from the process that makes this.

    Metrics see it as `Processes` in metrics/sharing.py, gunicorn by hooks that it calls with itself
    and a worker.

    Attributes:
        collector: what a scrape reads.
    """

    def __init__(self, number: int) -> None:
        self._table = Table(WORKERS + number + SPARE)
        self._admitted = Ledger()
        self._working: list[Any] = [None] * (number + SPARE)
        self._chosen: int | None = None
        self.collector = WorkersCollector(self._table, WORKERS)

    def share(self, collectors: CollectorRegistry) -> None:
        """Count in the table from now on, in this process and in the workers."""
        self.collector.note_what_is_not_shared(collectors)
        counting.join(self._table, self._table.columns[SERVER])
        prometheus: Any = values
        prometheus.ValueClass = shared_value  # docs/decisions of the template: private names
        sharing.processes = self

    def before_fork(self, server: Any, worker: Any) -> None:
        """Choose the column of a worker, in the server."""
        self._chosen = next((n for n, one in enumerate(self._working) if one is None), None)
        if self._chosen is None:
            log.error("there are more workers than count together: nobody shows what one counts")
        else:
            self._working[self._chosen] = worker

    def after_fork(self, server: Any, worker: Any) -> None:
        """Count in that column, in the worker."""
        if self._chosen is not None:
            counting.join(self._table, self._table.columns[WORKERS + self._chosen])

    def after_end(self, server: Any, worker: Any) -> None:
        """Take a worker's gauges away when it ended, in the server; its successor counts on."""
        if worker in self._working:
            number = self._working.index(worker)
            self._table.end(self._table.columns[WORKERS + number], self._table.columns[ENDED])
            self._working[number] = None

    def admissions(self, metric: str) -> Turn:
        """How the workers admit the label sets of that metric together."""
        seen = 0

        @contextmanager
        def turn() -> Iterator[tuple[LabelSets, LabelSets]]:
            nonlocal seen
            with self._admitted.turn() as added:
                new_ones = [json.loads(line) for line in self._admitted.lines[seen:]]
                seen += len(new_ones)
                own: LabelSets = []
                yield [tuple(texts) for name, *texts in new_ones if name == metric], own
                added.extend(json.dumps([metric, *texts]) for texts in own)

        return turn
