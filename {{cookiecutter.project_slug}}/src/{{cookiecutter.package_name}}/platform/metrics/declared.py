"""Metrics declared as data, in groups: to declare them registers nothing."""

import inspect
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Self, TypeVar, overload

import prometheus_client as client

from . import registry
from .bounds import BoundedBy, LabelError, Limited, Values

M = TypeVar("M")

Labels = Mapping[str, Values] | None
Buckets = Sequence[float]
LevelLabels = Mapping[str, frozenset[str] | BoundedBy] | None

# Bucket bounds in seconds for work that a person waits for: 5 ms to 10 s, denser below 1 s.
DURATION_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)

# How the values of several workers become one (prometheus_client, multiprocess mode). The modes
# per process (`all`, `liveall`) are left out: they make a series for every worker that ever lived.
MultiprocessMode = Literal["livesum", "livemax", "livemin", "livemostrecent", "sum", "max", "min"]


class Declared(Generic[M]):
    """A metric as data; on a bound group the attribute is the metric itself."""

    def __init__(
        self, name: str, help: str, labels: Labels = None, options: Mapping[str, Any] | None = None
    ) -> None:
        if labels is not None and not isinstance(labels, Mapping):
            right = 'labels={"kind": closed("a", "b")}, or bounded_by("the kinds"), or limited(50)'
            raise LabelError(f"{name} must say what each label may be: {right}")
        self.kind = type(self).__name__.lower()
        self.name = name
        self.help = help
        self.label_values: Mapping[str, Values] = dict(labels or {})
        self.options = options or {}
        self.signature = (self.kind, name, help, *self.label_values.items(), *self.options.items())
        self.where = registry.caller(inspect.currentframe())
        places = enumerate(self.label_values.items())
        self.limits = {place: one.values for place, (_, one) in places if isinstance(one, Limited)}
        if self.limits and self.kind in ("gauge", "info", "enum"):
            label = list(self.label_values)[min(self.limits)]
            right = f"make {label} closed or bounded_by: _overflow cannot add up levels"
            raise LabelError(f"{name} is of type {self.kind}: {right}")

    @overload
    def __get__(self, group: None, owner: type) -> Self: ...
    @overload
    def __get__(self, group: "MetricGroup", owner: type) -> M: ...
    def __get__(self, group: "MetricGroup | None", owner: type) -> Self | M:
        if group is None:
            return self
        raise AttributeError(f"{owner.__name__} is not bound: use `bound({owner.__name__})`")

    if not TYPE_CHECKING:  # for whom an unknown attribute is an error already

        def __getattr__(self, name: str) -> None:
            right = "record it on the bound group, which get_metrics() returns"
            raise AttributeError(f"{self.name} is only declared here, without {name}: {right}")


class Counter(Declared[client.Counter]):
    """A count that only goes up; the name ends in `_total`."""


class Gauge(Declared[client.Gauge]):
    """A value that goes up and down; its labels are closed, its merge is declared."""

    def __init__(
        self, name: str, help: str, labels: LevelLabels = None, *, multiprocess: MultiprocessMode
    ) -> None:
        super().__init__(name, help, labels, {"multiprocess_mode": multiprocess})


class Histogram(Declared[client.Histogram]):
    """Observations counted in buckets, by default of seconds."""

    def __init__(
        self, name: str, help: str, labels: Labels = None, *, buckets: Buckets = DURATION_BUCKETS
    ) -> None:
        super().__init__(name, help, labels, {"buckets": tuple(buckets)})


class Summary(Declared[client.Summary]):
    """Observations as count and sum only."""


class Info(Declared[client.Info]):
    """Facts that do not change while the process lives, as labels of a constant 1."""


class Enum(Declared[client.Enum]):
    """Which one of several states holds: a 0/1 series per state."""

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
        cls.declared = {name: one for name, one in vars(cls).items() if isinstance(one, Declared)}
