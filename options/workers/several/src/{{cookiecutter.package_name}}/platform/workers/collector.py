"""What all processes counted: the collector that a scrape reads in place of the registry."""

import json
import logging
from collections.abc import Iterator
from math import fsum
from threading import Lock
from typing import Any, NamedTuple

from prometheus_client import CollectorRegistry, Metric, PlatformCollector
from prometheus_client.registry import Collector

from ..metrics import registry
from .processes import ProcessesCollector
from .table import PER_PROCESS, PROCESS, Column, Table, merged

log = logging.getLogger(__name__)


class Row(NamedTuple):
    """A sample, but for its value."""

    sample: str
    labels: dict[str, str]
    place: int
    mode: str  # of a gauge


class Family(NamedTuple):
    """A metric with its rows; those with the same labels stand together, as buckets must."""

    kind: str
    about: str
    children: dict[str, list[Row]]


class WorkersCollector(Collector):
    """Sums up the table, and asks this process for what no table holds.

    Args:
        table: where the processes count.
        workers: the first column of a worker; those before it have no part in gauges of the living.
    """

    def __init__(self, table: Table, workers: int) -> None:
        self._table = table
        self._workers = workers
        self._families: dict[str, Family] = {}
        self._known = 0
        self._not_shared: list[str] = []
        self._lock = Lock()

    def note_what_is_not_shared(self, collectors: CollectorRegistry) -> None:
        """Say which metrics were made too early to be shared; whoever answers shows its own."""
        for family in collectors.collect():
            if not family.name.startswith(("process_", "python_")):
                log.warning("%s was made before `serve`: each worker shows its own", family.name)
                self._not_shared += registry.exported(family.name, family.type)

    def collect(self) -> Iterator[Metric]:
        """Every family, each name once."""
        with self._lock:
            self._learn()
            families = sorted(self._families.items())
        columns = [column for column in self._table.columns if column[PROCESS]]
        for name, (kind, about, children) in families:
            family = Metric(name, about, kind)
            for rows in list(children.values()):
                if kind == "gauge":
                    self._add_gauge(family, rows[0])
                else:
                    _add_sums(family, rows, columns)
            yield family
        shown = {name for name, _ in families}
        for collector in self._of_this_process():
            for family in collector.collect():
                if family.name not in shown:
                    shown.add(family.name)
                    yield family

    def _learn(self) -> None:
        rows = self._table.rows()
        for key, place in rows[self._known :]:
            of_type, name, sample, labels, about = json.loads(key)
            kind, _, mode = of_type.partition("_")
            children = self._families.setdefault(name, Family(kind, about, {})).children
            child = str({**labels, "le": ""}) if kind == "histogram" else str(labels)
            children.setdefault(child, []).append(Row(sample, labels, place, mode))
        self._known = len(rows)

    def _add_gauge(self, family: Metric, row: Row) -> None:
        columns = self._table.columns[self._workers if row.mode.startswith("live") else 0 :]
        cells = [(column[row.place], column[row.place + 1]) for column in columns]
        if row.mode in PER_PROCESS:
            for column, (value, was_set) in zip(columns, cells, strict=True):
                if was_set:
                    labels = {**row.labels, "pid": str(int(column[PROCESS]))}
                    family.add_sample(row.sample, labels, value)
        elif (shown := merged(row.mode, cells)) is not None:
            family.add_sample(row.sample, row.labels, shown[0])

    def _of_this_process(self) -> Iterator[Any]:
        """The processes and the platform; then info and enum metrics, which are in no table.

        Then what collectors made elsewhere compute, and what was made too early.
        """
        active = registry.active
        yield from (ProcessesCollector(), PlatformCollector(registry=None))
        yield from active.made_elsewhere
        for group, instance in active.groups.items():
            facts = [name for name, one in group.declared.items() if one.kind in ("info", "enum")]
            yield from (getattr(instance, name) for name in facts)
        yield active.collectors.restricted_registry(self._not_shared)


def _add_sums(family: Metric, rows: list[Row], columns: list[Column]) -> None:
    below = 0.0
    for sample, labels, place, _ in rows:
        value = _sum([column[place] for column in columns])
        if "le" in labels and family.type == "histogram":
            # A row has what fell into the bucket alone.
            value = below = below + value
        family.add_sample(sample, labels, value)
        if labels.get("le") == "+Inf" and family.type == "histogram":
            others = {name: text for name, text in labels.items() if name != "le"}
            family.add_sample(f"{family.name}_count", others, value)


def _sum(numbers: list[float]) -> float:
    """The exact sum, rounded: it never falls while none of the numbers does."""
    try:
        return fsum(numbers)
    except (ValueError, OverflowError):  # infinite
        return sum(numbers)
