"""What must not break anything: code that records, and collectors made elsewhere."""

import inspect
import logging
from collections.abc import Callable, Coroutine, Iterable, Iterator
from contextlib import AbstractContextManager
from functools import wraps
from traceback import walk_tb
from types import TracebackType
from typing import Any, ParamSpec, overload

from prometheus_client import Metric
from prometheus_client.registry import Collector

from . import registry
from .factory import report
from .settings import is_collected

log = logging.getLogger(__name__)
P = ParamSpec("P")
Async = Coroutine[Any, Any, None]

# What code raises that a metric measures, as `time()` does, passes through other modules.
RECORDING = (f"{__package__}.", "prometheus_client.metrics")


class SafeMetricsOperation(AbstractContextManager[None]):
    """Around code that records: what a metric raises is reported, and raised in tests only.

    Use it in a `with` block, or as a decorator of a function that returns nothing. What other code
    raises passes through.
    """

    def __init__(self, component: str) -> None:
        self.component = component

    def __exit__(
        self, kind: object, error: BaseException | None, traceback: TracebackType | None
    ) -> bool:
        """Swallow a metric's failure, and only that."""
        modules = {frame.f_globals.get("__name__", "") for frame, _ in walk_tb(traceback)}
        by_metric = any(module.startswith(RECORDING) for module in modules - {__name__})
        if by_metric and isinstance(error, Exception) and registry.active.mode != "test":
            report(self.component, error)
            return True
        return False

    @overload
    def __call__(self, function: Callable[P, None]) -> Callable[P, None]: ...
    @overload
    def __call__(self, function: Callable[P, Async]) -> Callable[P, Async]: ...
    def __call__(self, function: Callable[P, Any]) -> Callable[P, Any]:
        """The function, so that it breaks nothing."""

        @wraps(function)
        def wrapped(*args: P.args, **kwargs: P.kwargs) -> Any:
            with self:
                return function(*args, **kwargs)

        @wraps(function)
        async def wrapped_async(*args: P.args, **kwargs: P.kwargs) -> Any:
            with self:
                return await function(*args, **kwargs)

        return wrapped_async if inspect.iscoroutinefunction(function) else wrapped


safe_metrics_operation = SafeMetricsOperation  # what code writes


class Guarded(Collector):
    """A collector made elsewhere; a scrape leaves out what fails in it."""

    def __init__(self, component: str, collector: Collector) -> None:
        self.component = component
        self.collector = collector
        self.described = list(self._safely(getattr(collector, "describe", collector.collect)))

    def describe(self) -> Iterable[Metric]:
        """What it had to say when it was registered."""
        return self.described

    def collect(self) -> Iterable[Metric]:
        """What it has to say now."""
        return self._safely(self.collector.collect)

    def _safely(self, families: Callable[[], Iterable[Metric]]) -> Iterator[Metric]:
        try:
            yield from families()
        except Exception as error:  # noqa: BLE001 - the other metrics are still to be served
            report(self.component, error)


def safe_register(component: str, collector: Collector) -> None:
    """Register a collector made elsewhere; where it fails, a scrape misses its metrics only.

    It takes the place of one of the same class, by file and name, with the same metrics.

    Raises:
        MetricConflict: another definition or collector has one of its names.
    """
    if not is_collected(component):
        return
    new, kind = Guarded(component, collector), type(collector)
    names = {name for one in new.described for name in registry.exported(one.name, one.type)}
    file = getattr(getattr(kind.collect, "__code__", None), "co_filename", kind.__module__)
    signature = (file, kind.__qualname__, *sorted(names))
    where = f"registered at {registry.caller(inspect.currentframe())}"
    definition = registry.Definition(kind.__qualname__, frozenset(names), signature, where)
    known = registry.active.add(component, definition, new)
    if known.collector is not collector:
        log.warning("%s, %s, replaces the one before", definition.name, definition.where)
        known.collector = collector


def unregister(collector: Collector) -> None:
    """Take out a collector that `safe_register` registered; nothing happens to any other."""
    for guarded in registry.active.made_elsewhere:
        if guarded.collector is collector:
            registry.active.drop(guarded)


def is_component_registered(component: str) -> bool:
    """Whether a metric or collector of that component is in the current registry."""
    return any(component == owner for owner, *_ in list(registry.active.owners.values()))
