"""The one registry: who defined which metric, and what a scrape reads."""

import re
import sys
from threading import RLock
from types import FrameType, ModuleType
from typing import Any, Literal
from weakref import WeakKeyDictionary

from prometheus_client import REGISTRY, CollectorRegistry, disable_created_metrics
from prometheus_client.exposition import choose_encoder
from prometheus_client.registry import Collector
from pydantic import Field

from ..core.components import collection_switch
from ..core.config import Settings, load
from ..core.limits import PerMinute
from .bounds import LabelSet

# The owners by collector registry, in a module that every copy of this one finds: one that was
# reloaded, has a second name, or is imported again after `sys.modules` was emptied.
_shared = vars(sys.modules.setdefault("_service_metrics", ModuleType("_service_metrics")))
_owners = _shared.setdefault("owners", WeakKeyDictionary())

# A range of the Accept header whose version is none: prometheus_client would raise.
_UNREADABLE = re.compile(r"(^|,)[^,]*version=(?![0-9]{1,9}(\.[0-9]{1,9}){2}\s*(;|,|$))[^,]*")


class MetricsSettings(Settings):
    """What is collected, and how many series clients may cause."""

    metrics_enabled: bool = True
    """Collect metrics at all."""
    metrics_max_series: int = Field(1000, ge=1)
    """Label sets of a metric with a `limited` label; more are `_overflow`."""
    max_metrics_per_minute: int = Field(1000, ge=1)
    """New ones of all such metrics in a minute; more are `_overflow`."""


class MetricConflict(Exception):  # noqa: N818 - the name says what happened
    """Two definitions want one name; the message names both and where each is declared."""


class MetricsRegistry:
    """A collector registry in which the same definition twice is the same metric."""

    def __init__(self, collectors: CollectorRegistry) -> None:
        self.collectors = collectors
        self.scraped: Collector = collectors  # what a scrape reads; the sum of several workers
        self.several = False
        self.mode: Literal["production", "test"] = "production"  # errors are reported, or raised
        self.groups: dict[Any, Any] = {}  # those bound so far, by class
        # By signature the component, the definition, and the metric or collector itself.
        self.owners, self._lock = _owners.setdefault(collectors, ({}, RLock()))
        self._new_series = PerMinute()  # of all metrics together
        self.reports = PerMinute()  # of failures, by component

    def add(self, component: str, new: Any, metric: Collector) -> Any:
        """Register it, or return the one of its signature; MetricConflict if a name is taken."""
        with self._lock:
            if new.signature not in self.owners:
                try:
                    self.collectors.register(metric)
                except ValueError as error:  # a name is taken
                    raise self._conflict(new, metric, error) from None
                self.owners[new.signature] = (component, new, metric)
            return self.owners[new.signature][2]

    def admit(self, metric: Any, label_set: LabelSet) -> None:
        """Record that label set of the metric as it is from now on, if there is room for it."""
        with self._lock:
            if label_set not in metric.admitted and self.has_room(metric, label_set):
                metric.admitted.add(label_set)

    def has_room(self, metric: Any, label_set: LabelSet) -> bool:
        """Whether one more label set keeps to the limits of the metric, its labels and a minute."""
        settings = load(MetricsSettings)
        if len(metric.admitted) >= settings.metrics_max_series:
            return False
        for place, most in metric.declared.limits.items():
            seen = {known[place] for known in list(metric.admitted)}
            if label_set[place] not in seen and len(seen) >= most:
                return False
        return self._new_series.take(settings.max_metrics_per_minute) > 0

    def _conflict(self, new: Any, metric: Collector, error: ValueError) -> MetricConflict:
        other = "a collector registered outside this registry"
        for _, owner, known in self.owners.values():
            pair = CollectorRegistry()
            pair.register(known)
            try:
                pair.register(metric)
            except ValueError as collision:
                other, error = f"{owner.name} ({owner.where})", collision
        names = str(error).rpartition("{")[2].rstrip("}")  # it ends with the set of them
        wrong = f"{new.name} ({new.where}) and {other} both export {names} and differ"
        return MetricConflict(f"{wrong}: rename one, or make them equal")


def is_collected(component: str) -> bool:
    """Whether METRICS_ENABLED and COLLECT_<COMPONENT>_METRICS are both on."""
    switch = load(collection_switch(component))
    return load(MetricsSettings).metrics_enabled and getattr(switch, f"collect_{component}_metrics")


def render(accept: str | None) -> tuple[bytes, str]:
    """What `/metrics` answers, and its content type; what no one can read in the header is absent."""
    encode, content_type = choose_encoder(_UNREADABLE.sub("", accept or ""))
    return encode(active.scraped), content_type


def caller(frame: FrameType | None) -> str:
    """File and line of the first frame, from this one outwards, in another file."""
    file = frame.f_code.co_filename if frame else ""
    while frame is not None and frame.f_code.co_filename == file:
        frame = frame.f_back
    return f"{frame.f_code.co_filename}:{frame.f_lineno}" if frame else "unknown"


# Prometheus finds resets without a `_created` series beside each counter and histogram.
disable_created_metrics()  # type: ignore[no-untyped-call]  # it is untyped

active = MetricsRegistry(REGISTRY)


def reset_for_test(collectors: CollectorRegistry | None = None) -> MetricsRegistry:
    """Bind everything anew, to `collectors` or an empty registry, and return what is now active."""
    global active  # noqa: PLW0603 - the one registry is what this module is for
    active = MetricsRegistry(collectors or CollectorRegistry(auto_describe=True))
    active.mode = "test"
    return active
