"""What all processes counted: the collector that a scrape reads in place of the registry."""

import json
import logging
from collections.abc import Iterator
from math import fsum
from threading import Lock
from typing import Any

from prometheus_client import CollectorRegistry, Metric, PlatformCollector
from prometheus_client.registry import Collector

from ..metrics import registry
from ..metrics.factory import DISABLED
from ..metrics.safety import Guarded
from .processes import ProcessesCollector
from .table import PER_PROCESS, PROCESS, Column, Table, merged

log = logging.getLogger(__name__)

# What the exposition appends to the name of a family.
SUFFIXES = ("", "_total", "_bucket", "_count", "_sum", "_gcount", "_gsum", "_info", "_created")

# A sample, its labels, the place of its number, and the mode if it is a gauge.
Row = tuple[str, dict[str, str], int, str]

# Type, help, and the rows by label set, since the buckets of one stand together.
Family = tuple[str, str, dict[str, list[Row]]]


class WorkersCollector(Collector):
    """Sums up the table, and asks this process for what is in no table.

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
        """Name the metrics that were made too early to be shared: whoever answers shows its own."""
        for family in collectors.collect():
            if not family.name.startswith(("process_", "python_")):
                log.warning("%s was made before `serve`: each worker shows its own", family.name)
                self._not_shared += [family.name + suffix for suffix in SUFFIXES]

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
            _, _, children = self._families.setdefault(name, (kind, about, {}))
            child = str(labels | {"le": ""} if kind == "histogram" else labels)
            children.setdefault(child, []).append((sample, labels, place, mode))
        self._known = len(rows)

    def _add_gauge(self, family: Metric, row: Row) -> None:
        sample, labels, place, mode = row
        columns = self._table.columns[self._workers if mode.startswith("live") else 0 :]
        cells = [(column[place], column[place + 1]) for column in columns]
        if mode in PER_PROCESS:
            for column, (value, was_set) in zip(columns, cells, strict=True):
                if was_set:
                    process = {"pid": f"{column[PROCESS]:.0f}"}
                    family.add_sample(sample, labels | process, value)
        elif (shown := merged(mode, cells)) is not None:
            family.add_sample(sample, labels, shown[0])

    def _of_this_process(self) -> Iterator[Any]:
        """Collectors of the processes and the platform, and of what is in no table.

        That are info and enum metrics, what collectors made elsewhere compute, and what was made
        too early.
        """
        active = registry.active
        yield from (ProcessesCollector(), PlatformCollector(registry=None))
        known = [metric for *_, metric in list(active.owners.values())]
        yield from (metric for metric in known if isinstance(metric, Guarded))
        for group, instance in active.groups.items():
            facts = [name for name, one in group.declared.items() if one.kind in ("info", "enum")]
            metrics = [getattr(instance, name) for name in facts]
            yield from (metric for metric in metrics if metric is not DISABLED)
        yield active.collectors.restricted_registry(self._not_shared)


def _add_sums(family: Metric, rows: list[Row], columns: list[Column]) -> None:
    """Add the sums of one label set; a row has what fell into its bucket alone."""
    below = 0.0
    for sample, labels, place, _ in rows:
        value = _sum([column[place] for column in columns])
        bound = labels.get("le") if family.type == "histogram" else None
        if bound is not None:
            value = below = below + value
        family.add_sample(sample, labels, value)
        if bound == "+Inf":
            others = {name: text for name, text in labels.items() if name != "le"}
            family.add_sample(f"{family.name}_count", others, value)


def _sum(numbers: list[float]) -> float:
    """The exact sum, rounded: it never falls while none of the numbers does."""
    try:
        return fsum(numbers)
    except (ValueError, OverflowError):  # infinite
        return sum(numbers)
