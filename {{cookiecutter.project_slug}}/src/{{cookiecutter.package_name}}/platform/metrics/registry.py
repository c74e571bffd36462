"""The one registry: who defined which metric, and what a scrape reads."""

import inspect
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import RLock
from types import FrameType
from typing import Any, Literal, TypeVar

import prometheus_client
from prometheus_client import CollectorRegistry, Metric
from prometheus_client.core import DuplicateTimeseries
from prometheus_client.registry import Collector

from ..core.limits import PerMinute

C = TypeVar("C", bound=Collector)
Mode = Literal["production", "test"]

# What the exposition appends to a metric's name, by its type.
SUFFIXES = {
    "counter": ("_total", "_created"),
    "gaugehistogram": ("_bucket", "_gcount", "_gsum"),
    "histogram": ("_bucket", "_count", "_sum", "_created"),
    "info": ("_info",),
    "summary": ("_count", "_sum", "_created"),
}

# Called whenever a child may no longer be the one that `labels` would return: a label set was
# forgotten or went to `_overflow`, or the registry is another one.
watchers: list[Callable[[], None]] = []

# Called before a metric is read; what is kept back must be recorded then.
readers: list[Callable[[], None]] = []


class MetricConflict(Exception):  # noqa: N818 - the name says what happened
    """Two definitions want one name; the message names both and where each is declared."""


@dataclass(eq=False)
class Definition:
    """What makes a metric the metric it is: the same signature is the same metric."""

    name: str
    exported: frozenset[str]  # every name that it occupies in the exposition, suffixes included
    signature: tuple[object, ...]  # plain data that is equal to itself after a reload
    where: str  # file and line of the declaration


class MetricsRegistry:
    """A collector registry in which the same definition twice is the same metric.

    What is registered is remembered on the collector registry itself: a module that is reloaded,
    imported under a second name or purged from `sys.modules` finds the metrics it made before.

    Attributes:
        collectors: the collector registry that a scrape reads.
        mode: `production`, or `test` for one that `reset_for_test` made.
        groups: the metric groups bound so far.
        made_elsewhere: the collectors that `safe_register` registered.
        new_series: what limits how many label sets all metrics together add.
    """

    def __init__(self, collectors: CollectorRegistry, mode: Mode = "production") -> None:
        self.collectors = collectors
        self.mode = mode
        self.groups: dict[Any, Any] = {}
        self.new_series = PerMinute()
        # The owners by each name that they export: component, definition, and the metric itself.
        ledger = vars(collectors).setdefault("service_metrics", ({}, RLock(), []))
        self._owners, self._lock, self.made_elsewhere = ledger
        children_changed()

    def metric(
        self, component: str, definition: Definition, build: Callable[[CollectorRegistry], C]
    ) -> C:
        """The metric of that definition: built by the first call, found by every later one.

        Raises:
            MetricConflict: another definition, or a collector made elsewhere, has one of its names.
        """
        with self._lock:
            for name in sorted(definition.exported & self._owners.keys()):
                _, owner, known = self._owners[name]
                if owner.signature == definition.signature:
                    return known  # type: ignore[no-any-return]  # as `build` made it
                raise MetricConflict(
                    f"{definition.name} ({definition.where}) and {owner.name} ({owner.where}) "
                    f"both export {name!r} and differ: rename one, or make them equal"
                )
            try:
                metric = build(self.collectors)
            except DuplicateTimeseries as error:
                raise MetricConflict(
                    f"{definition.name} ({definition.where}) exports "
                    f"{', '.join(sorted(error.duplicates))}, which a collector registered outside "
                    "this registry exports already: rename it, or hand the other to safe_register"
                ) from None
            self._owners |= dict.fromkeys(definition.exported, (component, definition, metric))
            return metric

    def safe_register(self, component: str, collector: C) -> C:
        """Register a collector made elsewhere; if it fails, a scrape misses its metrics only.

        The same class, by file and name, that exports the same names is the same collector again:
        what is returned is then the one registered before.

        Raises:
            MetricConflict: another definition or collector has one of its names.
        """
        guarded = _Guarded(component, collector)
        names = [name for one in guarded.describe() for name in exported(one.name, one.type)]
        kind = type(collector)
        code = getattr(kind.collect, "__code__", None)
        file, line = (code.co_filename, code.co_firstlineno) if code else (kind.__module__, 0)
        definition = Definition(
            name=kind.__qualname__,
            exported=frozenset(names or [kind.__qualname__]),
            signature=(file, kind.__qualname__, *sorted(names)),
            where=f"{file}:{line}, registered at {caller(inspect.currentframe(), self)}",
        )

        def build(collectors: CollectorRegistry) -> C:
            collectors.register(guarded)
            self.made_elsewhere.append(guarded)
            return collector

        return self.metric(component, definition, build)

    def is_component_registered(self, component: str) -> bool:
        """Whether a metric or collector of that component is registered here."""
        with self._lock:
            return any(component == owner for owner, _, _ in self._owners.values())


class _Guarded(Collector):
    """A collector made elsewhere, whose failure must not be that of the whole scrape."""

    def __init__(self, component: str, collector: Collector) -> None:
        self._component = component
        self._collector = collector
        self.describe = getattr(collector, "describe", collector.collect)

    def collect(self) -> Iterator[Metric]:
        try:
            yield from self._collector.collect()
        except Exception as error:  # noqa: BLE001 - the other metrics are still to be served
            failed(self._component, error)


def failed(component: str, error: Exception) -> None:
    """Report a metric that failed in a scrape."""
    from .safety import report  # noqa: PLC0415 - it counts with a metric, made by this registry

    report(component, error)


def children_changed() -> None:
    """Make every hot path that keeps children look them up again."""
    for watcher in watchers:
        watcher()


def exported(name: str, kind: str) -> frozenset[str]:
    """Every name that a metric of that name and type occupies in the exposition."""
    base = name.removesuffix("_total") if kind == "counter" else name
    return frozenset(base + suffix for suffix in ("", *SUFFIXES.get(kind, ())))


def caller(frame: FrameType | None, called: object) -> str:
    """File and line of the first frame, from this one outwards, that is no method of `called`."""
    while frame is not None and frame.f_locals.get("self") is called:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame is not None else "unknown"


# A `_created` series beside each counter and histogram would double what is stored; Prometheus
# finds resets without it.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # it is untyped

active = MetricsRegistry(prometheus_client.REGISTRY)


def reset_for_test(collectors: CollectorRegistry | None = None) -> MetricsRegistry:
    """Bind everything anew, to `collectors` or an empty registry, and return what is now active."""
    global active  # noqa: PLW0603 - the one registry is what this module is for
    chosen = CollectorRegistry(auto_describe=True) if collectors is None else collectors
    active = MetricsRegistry(chosen, mode="test")
    return active
