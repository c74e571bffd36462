"""The one registry: who defined which metric, and what a scrape reads."""

from collections.abc import Callable
from threading import RLock
from typing import Any, Literal, NamedTuple, TypeVar

import prometheus_client
from prometheus_client import CollectorRegistry
from prometheus_client.core import DuplicateTimeseries
from prometheus_client.registry import Collector

from .bounds import empty_kept_children

C = TypeVar("C", bound=Collector)

T = TypeVar("T")

Mode = Literal["production", "test"]


class MetricConflict(Exception):  # noqa: N818 - the name says what happened
    """Two definitions want one name; the message names both and where each is declared."""


class Definition(NamedTuple):
    """What makes a metric the metric it is.

    Attributes:
        component: who declares it.
        name: the metric's name, as it is declared.
        exported: every name that it occupies in the exposition, suffixes included.
        signature: plain data that is equal exactly for equal definitions, reloads included.
        where: file and line of the declaration.
    """

    component: str
    name: str
    exported: frozenset[str]
    signature: tuple[object, ...]
    where: str


class _Ledger:
    """What was registered in one collector registry, and by whom."""

    def __init__(self) -> None:
        self.lock = RLock()
        self.owners: dict[str, tuple[Definition, Any]] = {}
        self.collectors: dict[tuple[str, str], Any] = {}
        self.shared: dict[str, Any] = {}


class MetricsRegistry:
    """A collector registry in which the same definition twice is the same metric.

    What is registered is remembered on the collector registry itself: a module that is reloaded,
    imported under a second name or purged from `sys.modules` finds the metrics it made before.

    Attributes:
        collectors: the collector registry that a scrape reads.
        mode: `production`, or `test` for one that `reset_for_test` made.
        groups: the metric groups bound so far.
    """

    def __init__(self, collectors: CollectorRegistry, mode: Mode = "production") -> None:
        self.collectors = collectors
        self.mode = mode
        self.groups: dict[Any, Any] = {}
        empty_kept_children()
        self._ledger: _Ledger = vars(collectors).setdefault("service_metrics", _Ledger())

    def metric(self, definition: Definition, build: Callable[[CollectorRegistry], C]) -> C:
        """The metric of that definition: built by the first call, found by every later one.

        Raises:
            MetricConflict: another definition, or a collector made elsewhere, has one of its names.
        """
        with self._ledger.lock:
            for name in sorted(definition.exported):
                if name not in self._ledger.owners:
                    continue
                owner, known = self._ledger.owners[name]
                if owner.signature == definition.signature:
                    same: C = known
                    return same
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
            self._ledger.owners.update(dict.fromkeys(definition.exported, (definition, metric)))
            return metric

    def shared(self, kind: type[T], *arguments: Any) -> T:
        """The one instance of `kind` that all metrics of this registry share."""
        with self._ledger.lock:
            known: T = self._ledger.shared.setdefault(kind.__qualname__, kind(*arguments))
            return known

    def safe_register(self, component: str, collector: C) -> C:
        """Register a collector made elsewhere, once a component and type of collector.

        Returns:
            The collector that is registered: this one, or the equal one registered before.

        Raises:
            MetricConflict: a metric of one of its names is registered already.
        """
        kind = type(collector)
        key = (component, f"{kind.__module__}.{kind.__qualname__}")
        with self._ledger.lock:
            known: C | None = self._ledger.collectors.get(key)
            if known is not None:
                return known
            try:
                self.collectors.register(collector)
            except DuplicateTimeseries as error:
                raise MetricConflict(
                    f"{key[1]} of {component} exports {', '.join(sorted(error.duplicates))}, "
                    "which is registered already"
                ) from None
            self._ledger.collectors[key] = collector
            return collector

    @property
    def made_elsewhere(self) -> tuple[Collector, ...]:
        """The collectors that `safe_register` registered."""
        with self._ledger.lock:
            return tuple(self._ledger.collectors.values())

    def is_component_registered(self, component: str) -> bool:
        """Whether a metric or collector of that component is registered here."""
        with self._ledger.lock:
            declared = {definition.component for definition, _ in self._ledger.owners.values()}
            return component in declared | {owner for owner, _ in self._ledger.collectors}


# A `_created` series beside each counter and histogram would double what is stored; Prometheus
# finds resets without it.
prometheus_client.disable_created_metrics()  # type: ignore[no-untyped-call]  # it is untyped

active = MetricsRegistry(prometheus_client.REGISTRY)


def reset_for_test(collectors: CollectorRegistry | None = None) -> MetricsRegistry:
    """Bind everything anew, to `collectors` or an empty registry, and return what is now active."""
    global active  # noqa: PLW0603 - the one registry is what this module is for
    if collectors is None:
        collectors = CollectorRegistry(auto_describe=True)
    active = MetricsRegistry(collectors, mode="test")
    return active
