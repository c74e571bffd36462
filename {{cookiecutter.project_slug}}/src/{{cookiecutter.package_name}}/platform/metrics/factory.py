"""Metrics declared as data in groups, and bound on demand to the current registry."""

import inspect
import sys
from collections.abc import Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar, Generic, Literal, Self, TypeVar, overload

import prometheus_client
from prometheus_client import CollectorRegistry

from ..core.config import load
from . import registry, sharing
from .bounds import Bounds, LabelError, Values, bounded_by, closed, limited
from .disabled import DISABLED
from .kinds import KINDS
from .settings import MetricsSettings, is_collected

M = TypeVar("M", bound=prometheus_client.metrics.MetricWrapperBase)
G = TypeVar("G", bound="MetricGroup")

Labels = Mapping[str, Values] | None
Buckets = Sequence[float]
LevelLabels = Mapping[str, closed | bounded_by] | None
NO_OPTIONS: Mapping[str, Any] = MappingProxyType({})

# Bucket bounds in seconds for work that a person waits for: 5 ms to 10 s, denser below 1 s.
DURATION_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

# How the values of several workers become one (prometheus_client, multiprocess mode). The modes
# per process (`all`, `liveall`) are left out: they make a series for every worker that ever lived.
MultiprocessMode = Literal["livesum", "livemax", "livemin", "livemostrecent", "sum", "max", "min"]


class Declared(registry.Definition, Generic[M]):
    """A metric as data: declaring it registers nothing, a bound group has the metric itself."""

    kind: ClassVar[str]

    def __init_subclass__(cls, *, kind: str) -> None:
        cls.kind = kind

    def __init__(
        self, name: str, help: str, labels: Labels = None, options: Mapping[str, Any] = NO_OPTIONS
    ) -> None:
        self.help = help
        self.labels: Mapping[str, Values] = MappingProxyType(dict(labels or {}))
        self.options = options
        for label, values in self.labels.items():
            if isinstance(values, limited) and self.kind in ("gauge", "info", "enum"):
                right = f"make {label} closed or bounded_by: _overflow cannot add up levels"
                raise LabelError(f"{name} is of type {self.kind}: {right}")
        super().__init__(
            name=name,
            exported=registry.exported(name, self.kind),
            signature=(self.kind, name, help, tuple(self.labels.items()), dict(options)),
            where=registry.caller(inspect.currentframe(), self),
        )

    @overload
    def __get__(self, group: None, owner: type) -> Self: ...
    @overload
    def __get__(self, group: "MetricGroup", owner: type) -> M: ...
    def __get__(self, group: "MetricGroup | None", owner: type) -> Self | M:
        if group is None:
            return self
        raise AttributeError(f"{owner.__name__} is not bound: use `bound({owner.__name__})`")


class Counter(Declared[prometheus_client.Counter], kind="counter"):
    """A count that only goes up; the name ends in `_total`."""


class Gauge(Declared[prometheus_client.Gauge], kind="gauge"):
    """A value that goes up and down; its labels are closed, its merge is declared."""

    def __init__(
        self, name: str, help: str, labels: LevelLabels = None, *, multiprocess: MultiprocessMode
    ) -> None:
        super().__init__(name, help, labels, {"multiprocess_mode": multiprocess})


class Histogram(Declared[prometheus_client.Histogram], kind="histogram"):
    """Observations counted in buckets, by default of seconds."""

    def __init__(
        self, name: str, help: str, labels: Labels = None, *, buckets: Buckets = DURATION_BUCKETS
    ) -> None:
        super().__init__(name, help, labels, {"buckets": tuple(buckets)})


class Summary(Declared[prometheus_client.Summary], kind="summary"):
    """Observations as count and sum only."""


class Info(Declared[prometheus_client.Info], kind="info"):
    """Facts that do not change while the process lives, as labels of a constant 1."""


class Enum(Declared[prometheus_client.Enum], kind="enum"):
    """Which one of several states holds: a 0/1 series a state."""

    def __init__(
        self, name: str, help: str, labels: LevelLabels = None, *, states: Sequence[str]
    ) -> None:
        super().__init__(name, help, labels, {"states": tuple(states)})


class MetricGroup:
    """The metrics of a component: subclass it, declare them as attributes, record on `bound`."""

    component: ClassVar[str]
    declared: ClassVar[Mapping[str, Declared[Any]]]

    def __init_subclass__(cls, *, component: str) -> None:
        cls.component = component
        cls.declared = MappingProxyType(
            {name: value for name, value in vars(cls).items() if isinstance(value, Declared)}
        )


class OwnMetrics(MetricGroup, component="metrics"):
    """What the metrics tell of themselves."""

    overflow = Counter(
        "metrics_overflow_total",
        "Look-ups of a label set that was past its metric's limit and went to _overflow.",
        labels={"metric": bounded_by("the declared metrics")},
    )
    errors = Counter(
        "metrics_errors_total",
        "Metric operations that failed and were skipped.",
        labels={"component": bounded_by("the components of the service")},
    )


def bound(group: type[G]) -> G:
    """The group with its metrics, bound to the current registry; the first call builds them.

    Raises:
        MetricConflict: another definition has one of its names.
        SettingsError: a metric setting is wrong.
    """
    try:
        return registry.active.groups[group]  # type: ignore[no-any-return]  # keyed by its type
    except KeyError:
        return _bind(group, registry.active)


def _bind(group: type[G], to: registry.MetricsRegistry) -> G:
    instance = group()
    collected = is_collected(group.component)
    for attribute, declared in group.declared.items():
        metric = _metric(group.component, declared, to) if collected else DISABLED
        setattr(instance, attribute, metric)
    return to.groups.setdefault(group, instance)  # type: ignore[no-any-return]  # as above


def _metric(component: str, declared: Declared[M], to: registry.MetricsRegistry) -> M:
    def build(collectors: CollectorRegistry) -> Any:
        bounds = _bounds(component, declared, to)
        named = (declared.name, declared.help, tuple(declared.labels))
        metric = KINDS[declared.kind](*named, registry=collectors, **declared.options)
        metric.component, metric.bounds = component, bounds
        return metric

    return to.metric(component, declared, build)  # type: ignore[no-any-return]  # as M says


def _bounds(component: str, declared: Declared[Any], to: registry.MetricsRegistry) -> Bounds:
    def overflowed() -> None:
        bound(OwnMetrics).overflow.labels(declared.name).inc()

    if component == OwnMetrics.component:
        # As few series as there are metrics and components; there must always be room for them.
        return Bounds(declared.labels, sys.maxsize, lambda: True, overflowed)
    limits = load(MetricsSettings)
    take = partial(to.new_series.take, limits.max_metrics_per_minute)
    together = sharing.processes
    turn = together.admissions(declared.name) if together else sharing.alone
    return Bounds(declared.labels, limits.metrics_max_series, take, overflowed, turn)
