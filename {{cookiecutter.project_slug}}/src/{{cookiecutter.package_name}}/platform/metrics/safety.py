"""What must not break anything: code that records, and collectors made elsewhere."""

import inspect
import logging
from collections.abc import Callable, Coroutine, Iterable
from contextlib import AbstractContextManager, ContextDecorator
from functools import wraps
from traceback import walk_tb
from types import SimpleNamespace, TracebackType
from typing import Any, TypeVar

from prometheus_client import Metric, generate_latest
from prometheus_client.registry import Collector

from ..core.components import FAILURES
from . import registry
from .factory import report

log = logging.getLogger(__name__)
F = TypeVar("F", bound=Callable[..., Coroutine[Any, Any, None] | None])  # returns nothing

# Where a metric raises in production too: it is only declared, or no group declares it.
RAISING = (f"{__package__}.declared", "prometheus_client.metrics")


class SafeMetricsOperation(ContextDecorator, AbstractContextManager[None]):
    """Around code that records: what a metric raises is reported, and raised in tests only.

    It is a `with` block, or a decorator of a function that returns nothing. Other errors pass.
    """

    def __init__(self, component: str) -> None:
        self.component = component

    def __exit__(self, kind: object, error: object, traceback: TracebackType | None) -> bool:
        """Swallow a metric's failure, and only that."""
        modules = {frame.f_globals.get("__name__") for frame, _ in walk_tb(traceback)}
        if not isinstance(error, Exception) or modules.isdisjoint(RAISING):
            return False
        if registry.active.mode != "test":
            report(self.component, error)
        return registry.active.mode != "test"

    def __call__(self, function: F) -> F:
        """The function, so that it breaks nothing."""
        if not inspect.iscoroutinefunction(function):
            return super().__call__(function)

        @wraps(function)
        async def wrapped(*args: Any, **kwargs: Any) -> Any:
            with self:
                return await function(*args, **kwargs)

        return wrapped  # type: ignore[return-value]  # of the type of the function


safe_metrics_operation = SafeMetricsOperation  # what code writes


class Guarded(Collector):
    """A collector made elsewhere; a scrape leaves out what fails in it."""

    def __init__(self, component: str, collector: Collector) -> None:
        kind = type(collector)
        self.component, self.collector = component, collector
        self.described = list(self.collect("describe"))
        self.name = kind.__qualname__
        self.where = f"registered at {registry.caller(inspect.currentframe())}"
        file = getattr(getattr(kind.collect, "__code__", None), "co_filename", kind.__module__)
        self.signature = (file, self.name, *sorted((one.name, one.type) for one in self.described))

    def describe(self) -> Iterable[Metric]:
        """What it had to say when it was registered."""
        return self.described

    def collect(self, method: str = "collect") -> Iterable[Metric]:
        """What it has to say now."""
        try:
            for family in getattr(self.collector, method, self.collector.collect)():
                alone: Any = SimpleNamespace(collect=[family].copy)
                generate_latest(alone)  # what cannot be written would make all of a scrape fail
                yield family
        except FAILURES as error:  # the other metrics are still to be served
            report(self.component, error)


def safe_register(component: str, collector: Collector) -> None:
    """Register a collector made elsewhere; where it fails, a scrape misses its metrics only.

    It takes the place of one of the same class, by file and name, with the same metrics;
    MetricConflict if another definition or collector has one of its names.
    """
    if not registry.is_collected(component):
        return
    new = Guarded(component, collector)
    known = registry.active.add(component, new, new)
    if known.collector is not collector:
        log.warning("%s, %s, replaces the one before", new.name, new.where)
        known.collector = collector


def unregister(collector: Collector) -> None:
    """Take out a collector that `safe_register` registered; nothing happens to any other."""
    for signature, (*_, metric) in list(registry.active.owners.items()):
        if getattr(metric, "collector", None) is collector:
            registry.active.collectors.unregister(metric)
            del registry.active.owners[signature]


def is_component_registered(component: str) -> bool:
    """Whether a metric or collector of that component is in the current registry."""
    return any(component == owner for owner, *_ in list(registry.active.owners.values()))
