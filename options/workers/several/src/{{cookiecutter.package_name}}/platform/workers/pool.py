"""The workers as one: where each of them counts, and how they admit label sets together."""

import json
import logging
from contextlib import suppress
from typing import Any
from weakref import WeakKeyDictionary

from prometheus_client import CollectorRegistry, values
from prometheus_client.registry import Collector

from ..metrics import registry
from ..metrics.bounds import LabelSet
from ..metrics.registry import MetricsRegistry
from .collector import WorkersCollector
from .ledger import Ledger
from .table import Table
from .values import counting, shared_value

log = logging.getLogger(__name__)

# The first columns: what gauges keep of workers that ended, the server itself, the first worker.
ENDED, SERVER, WORKERS = 0, 1, 2

# Workers that may be added while the service runs: gunicorn does so at SIGTTIN.
SPARE = 8


class SharedRegistry(MetricsRegistry):
    """The registry of a process that admits label sets together with those forked beside it."""

    def __init__(self, alone: MetricsRegistry, scraped: Collector) -> None:
        super().__init__(alone.collectors)
        self.mode, self.groups = alone.mode, alone.groups
        self.scraped, self.several = scraped, True
        self._ledger = Ledger()
        self._seen: WeakKeyDictionary[Any, int] = WeakKeyDictionary()  # lines, by metric

    def admit(self, metric: Any, label_set: LabelSet) -> None:
        """Record that label set as it is, if there is room beside what all processes admitted."""
        name = metric.declared.name
        with suppress(OSError):  # another process takes too long, or there is no room for a line
            with self._ledger.turn() as added:
                lines = self._ledger.lines[self._seen.get(metric, 0) :]
                self._seen[metric] = len(self._ledger.lines)
                others = (tuple(texts) for owner, *texts in map(json.loads, lines) if owner == name)
                metric.admitted.update(others)
                if label_set in metric.admitted or not self.has_room(metric, label_set):
                    return
                added.append(json.dumps([name, *label_set]))
            metric.admitted.add(label_set)


class Workers:
    """The workers of this service, forked from the process that makes this.

    Gunicorn calls its hooks with itself and a worker.

    Attributes:
        collector: what a scrape reads.
    """

    def __init__(self, number: int) -> None:
        self._table = Table(WORKERS + number + SPARE)
        self._working: list[Any] = [None] * (number + SPARE)
        self._chosen: int | None = None
        self.collector = WorkersCollector(self._table, WORKERS)

    def share(self, collectors: CollectorRegistry) -> None:
        """Count in the table from now on, in this process and in the workers."""
        self.collector.note_what_is_not_shared(collectors)
        counting.join(self._table, self._table.columns[SERVER])
        prometheus: Any = values
        prometheus.ValueClass = shared_value  # docs/decisions of the template: private names
        registry.active = SharedRegistry(registry.active, self.collector)

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
