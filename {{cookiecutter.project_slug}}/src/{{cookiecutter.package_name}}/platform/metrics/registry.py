"""The one registry: who defined which metric, and what a scrape reads."""

import sys
from dataclasses import dataclass
from threading import RLock
from types import FrameType, ModuleType
from typing import Any, Literal, TypeVar
from weakref import WeakKeyDictionary

import prometheus_client
from prometheus_client import CollectorRegistry
from prometheus_client.registry import Collector

from ..core.limits import LogLimit, PerMinute

C = TypeVar("C", bound=Collector)

# What the exposition appends to a metric's name, by its type.
SUFFIXES = {
    "counter": ("_total", "_created"),
    "gaugehistogram": ("_bucket", "_gcount", "_gsum"),
    "histogram": ("_bucket", "_count", "_sum", "_created"),
    "info": ("_info",),
    "summary": ("_count", "_sum", "_created"),
}

# The owners by collector registry, in a module that every copy of this one finds: one that was
# reloaded, has a second name, or is imported again after `sys.modules` was emptied.
_shared = vars(sys.modules.setdefault("_service_metrics", ModuleType("_service_metrics")))
_owners = _shared.setdefault("owners", WeakKeyDictionary())


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

    Attributes:
        mode: in `test` a metric's errors are raised, in `production` they are reported.
        groups: the metric groups bound so far.
        owners: by signature the component, the definition, and the metric or collector itself.
        new_series: what limits how many label sets all metrics together add.
        reports: what limits how often a failure is logged.
    """

    def __init__(
        self, collectors: CollectorRegistry, mode: Literal["production", "test"] = "production"
    ) -> None:
        self.collectors = collectors
        self.mode = mode
        self.groups: dict[Any, Any] = {}
        self.owners: dict[object, tuple[str, Definition, Any]]
        self.owners, self._lock = _owners.setdefault(collectors, ({}, RLock()))
        self.new_series = PerMinute()
        self.reports = LogLimit(seconds=60.0)

    def add(self, component: str, definition: Definition, metric: C) -> C:
        """Register the metric, or return the one that was registered for the same definition.

        Raises:
            MetricConflict: another definition, or a collector made elsewhere, has one of its names.
        """
        with self._lock:
            if definition.signature not in self.owners:
                try:
                    self.collectors.register(metric)
                except ValueError:  # a name is taken
                    raise self._conflict(definition) from None
                self.owners[definition.signature] = (component, definition, metric)
            return self.owners[definition.signature][2]  # type: ignore[no-any-return]  # made alike

    @property
    def made_elsewhere(self) -> list[Any]:
        """The collectors that no group declares."""
        return [one for *_, one in list(self.owners.values()) if not hasattr(one, "bounds")]

    def drop(self, metric: Collector) -> None:
        """Unregister what `add` returned."""
        with self._lock:
            self.collectors.unregister(metric)
            for signature in [one for one, (*_, known) in self.owners.items() if known is metric]:
                del self.owners[signature]

    def _conflict(self, new: Definition) -> MetricConflict:
        other, names = "a collector registered outside this registry", new.exported
        for _, owner, _ in self.owners.values():
            if owner.exported & new.exported:
                other, names = f"{owner.name} ({owner.where})", owner.exported & new.exported
        wrong = f"{new.name} ({new.where}) and {other} both export {', '.join(sorted(names))}"
        return MetricConflict(f"{wrong} and differ: rename one, or make them equal")


def exported(name: str, kind: str) -> frozenset[str]:
    """Every name that a metric of that name and type occupies in the exposition."""
    base = name.removesuffix("_total") if kind == "counter" else name
    return frozenset(base + suffix for suffix in ("", *SUFFIXES.get(kind, ())))


def caller(frame: FrameType | None) -> str:
    """File and line of the first frame, from this one outwards, in another file."""
    file = frame.f_code.co_filename if frame else ""
    while frame is not None and frame.f_code.co_filename == file:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame else "unknown"


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
