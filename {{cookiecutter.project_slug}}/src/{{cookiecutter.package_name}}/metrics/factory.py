"""Metrics declared as data in groups, and bound on demand to the current registry."""

import inspect
import sys
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from types import MappingProxyType
from typing import Any, ClassVar, Generic, Literal, Self, TypeVar, overload

import prometheus_client
from prometheus_client import CollectorRegistry

from ..core.config import load
from . import registry, sharing
from .bounds import (
    Bounded,
    BoundedBy,
    BoundedCounter,
    BoundedEnum,
    BoundedGauge,
    BoundedHistogram,
    BoundedInfo,
    BoundedSummary,
    Bounds,
    Closed,
    NewSeriesBudget,
    Values,
    bounded_by,
)
from .disabled import DISABLED
from .settings import MetricsSettings, is_collected

M = TypeVar("M", bound=prometheus_client.metrics.MetricWrapperBase)
G = TypeVar("G", bound="MetricGroup")

# Bucket bounds in seconds for work that a person waits for: 5 ms to 10 s, denser below 1 s.
DURATION_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

# How the values of several workers become one (prometheus_client, multiprocess mode). The modes
# per process (`all`, `liveall`) are left out: they make a series for every worker that ever lived.
MultiprocessMode = Literal["livesum", "livemax", "livemin", "livemostrecent", "sum", "max", "min"]


def _caller() -> str:
    frame = inspect.currentframe()
    while frame is not None and frame.f_globals["__name__"] == __name__:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame is not None else "unknown"


class Declared(Generic[M]):
    """A metric as data: declaring it registers nothing, a bound group has the metric itself."""

    plain: ClassVar[type[Any]]
    bounded: ClassVar[type[Bounded]]
    suffixes: ClassVar[tuple[str, ...]]

    def __init__(
        self,
        name: str,
        help: str,  # noqa: A002 - the exposition's own word
        labels: Mapping[str, Values] | None = None,
        options: Mapping[str, Any] | None = None,
    ) -> None:
        self.name = name
        self.help = help
        self.labels: Mapping[str, Values] = MappingProxyType(dict(labels or {}))
        self.options: Mapping[str, Any] = MappingProxyType(dict(options or {}))
        self.attribute = ""
        self.where = _caller()

    def __set_name__(self, owner: type, attribute: str) -> None:
        self.attribute = attribute

    @overload
    def __get__(self, group: None, owner: type) -> Self: ...
    @overload
    def __get__(self, group: "MetricGroup", owner: type) -> M: ...
    def __get__(self, group: "MetricGroup | None", owner: type) -> Self | M:
        if group is None:
            return self
        raise AttributeError(f"{owner.__name__} is not bound: use `bound({owner.__name__})`")

    @property
    def kind(self) -> str:
        """The type of the metric, as the exposition names it."""
        return self.plain.__name__.lower()

    @property
    def exported(self) -> frozenset[str]:
        """Every name that the metric occupies in the exposition."""
        base = self.name.removesuffix("_total") if self.kind == "counter" else self.name
        return frozenset(base + suffix for suffix in ("", *self.suffixes))

    @property
    def signature(self) -> tuple[object, ...]:
        """Plain data that is equal exactly for equal declarations."""
        labels = tuple((name, repr(_plain(values))) for name, values in self.labels.items())
        return (self.kind, self.name, self.help, labels, repr(sorted(self.options.items())))

    def build(self, bounds: Callable[[], Bounds], collectors: CollectorRegistry) -> M:
        """Construct the metric and register it."""
        cls = self.bounded if self.labels else self.plain
        metric: Any = cls(
            self.name, self.help, tuple(self.labels), registry=collectors, **self.options
        )
        if self.labels:
            metric.keep_to(bounds())
        return metric  # type: ignore[no-any-return]  # `plain` of the subclass is M


class Counter(Declared[prometheus_client.Counter]):
    """A count that only goes up; the name ends in `_total`."""

    plain = prometheus_client.Counter
    bounded = BoundedCounter
    suffixes = ("_total", "_created")


class Gauge(Declared[prometheus_client.Gauge]):
    """A value that goes up and down; its labels are closed, its merge is declared."""

    plain = prometheus_client.Gauge
    bounded = BoundedGauge
    suffixes = ()

    def __init__(
        self,
        name: str,
        help: str,  # noqa: A002 - the exposition's own word
        labels: Mapping[str, Closed | BoundedBy] | None = None,
        *,
        multiprocess: MultiprocessMode,
    ) -> None:
        super().__init__(name, help, labels, {"multiprocess_mode": multiprocess})


class Histogram(Declared[prometheus_client.Histogram]):
    """Observations counted in buckets, by default of seconds."""

    plain = prometheus_client.Histogram
    bounded = BoundedHistogram
    suffixes = ("_bucket", "_count", "_sum", "_created")

    def __init__(
        self,
        name: str,
        help: str,  # noqa: A002 - the exposition's own word
        labels: Mapping[str, Values] | None = None,
        *,
        buckets: Sequence[float] = DURATION_BUCKETS,
    ) -> None:
        super().__init__(name, help, labels, {"buckets": tuple(buckets)})


class Summary(Declared[prometheus_client.Summary]):
    """Observations as count and sum only."""

    plain = prometheus_client.Summary
    bounded = BoundedSummary
    suffixes = ("_count", "_sum", "_created")


class Info(Declared[prometheus_client.Info]):
    """Facts that do not change while the process lives, as labels of a constant 1."""

    plain = prometheus_client.Info
    bounded = BoundedInfo
    suffixes = ("_info",)


class Enum(Declared[prometheus_client.Enum]):
    """Which one of several states holds: a 0/1 series a state."""

    plain = prometheus_client.Enum
    bounded = BoundedEnum
    suffixes = ()

    def __init__(
        self,
        name: str,
        help: str,  # noqa: A002 - the exposition's own word
        labels: Mapping[str, Closed | BoundedBy] | None = None,
        *,
        states: Sequence[str],
    ) -> None:
        super().__init__(name, help, labels, {"states": list(states)})


class MetricGroup:
    """The metrics of a component: subclass it, declare them as attributes, record on `bound`."""

    component: ClassVar[str]
    declared: ClassVar[Mapping[str, Declared[Any]]]

    def __init_subclass__(cls, *, component: str) -> None:
        cls.component = component
        cls.declared = MappingProxyType(
            {name: value for name, value in vars(cls).items() if isinstance(value, Declared)}
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
    known: G = to.groups.setdefault(group, instance)
    return known


def _metric(component: str, declared: Declared[M], to: registry.MetricsRegistry) -> M:
    definition = registry.Definition(
        component, declared.name, declared.exported, declared.signature, declared.where
    )

    def bounds() -> Bounds:
        overflowed = partial(_count_overflow, declared.name)
        if component == OverflowMetrics.component:
            # As few series as there are metrics; they must have room when nothing else has.
            return Bounds(declared.labels, sys.maxsize, NewSeriesBudget(sys.maxsize), overflowed)
        limits = load(MetricsSettings)
        budget = to.shared(NewSeriesBudget, limits.max_metrics_per_minute)
        together = sharing.processes
        shared = together.admissions(declared.name) if together else None
        return Bounds(declared.labels, limits.metrics_max_series, budget, overflowed, shared)

    return to.metric(definition, partial(declared.build, bounds))


class OverflowMetrics(MetricGroup, component="metrics"):
    """What the bounds on label sets cut off."""

    overflow = Counter(
        "metrics_overflow_total",
        "Look-ups of a label set that was past its metric's limit and went to _overflow.",
        labels={"metric": bounded_by("the declared metrics")},
    )


def _count_overflow(metric: str) -> None:
    bound(OverflowMetrics).overflow.labels(metric).inc()


def _plain(values: Values) -> tuple[object, ...]:
    if isinstance(values, Closed):
        return ("closed", *sorted(values.values))
    if isinstance(values, BoundedBy):
        return ("bounded by", values.reason)
    return ("limited", values.values)
