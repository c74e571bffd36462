"""Builds the metrics of a declared group in the current registry, and keeps them out of the way."""

import logging
from functools import partial
from typing import Any, TypeVar

from ..core.config import load
from . import registry, sharing
from .bounds import Bounds, bounded_by
from .declared import Counter, Declared, MetricGroup
from .disabled import DISABLED
from .kinds import KINDS
from .settings import MetricsSettings, is_collected

log = logging.getLogger(__name__)
G = TypeVar("G", bound=MetricGroup)


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
        MetricConflict: in tests, as `bind`; elsewhere it is reported, and the metric does nothing.
    """
    try:
        return registry.active.groups[group]  # type: ignore[no-any-return]  # keyed by its type
    except KeyError:
        strict = registry.active.mode == "test"
    return bind(group, strict=strict)


def bind(group: type[G], *, strict: bool = True) -> G:
    """Build the metrics of the group at the start of the service, which wrong ones stop.

    Raises:
        MetricConflict: another definition has one of its names.
        SettingsError: a metric setting is wrong.
    """
    instance = group()
    for attribute, declared in group.declared.items():
        metric = DISABLED
        try:
            if is_collected(group.component):
                metric = _metric(group.component, declared)
        except Exception as error:
            if strict and not isinstance(error, OSError):  # no full disk stops a start
                raise
            report(group.component, error)
        setattr(instance, attribute, metric)
    return registry.active.groups.setdefault(group, instance)  # type: ignore[no-any-return]  # as above


def report(component: str, error: Exception) -> None:
    """Count a metric that failed, and log it unless the component logged one this minute."""
    if component != OwnMetrics.component:
        bound(OwnMetrics).errors.labels(component).inc()
    if times := registry.active.reports.due(component):
        text = "a metric of %s failed and was skipped (%d since the last report)"
        log.error(text, component, times, exc_info=error)


def _metric(component: str, declared: Declared[Any]) -> Any:
    names = (declared.name, declared.help, tuple(declared.label_values))
    again = partial(KINDS[declared.kind], *names, registry=None, **declared.options)
    limits, together = load(MetricsSettings), sharing.processes
    metric = again()
    metric.again, metric.children = again, {}
    metric.report = partial(report, component)
    metric.overflowed = partial(_overflowed, declared.name)
    metric.bounds = Bounds(
        declared.name,
        declared.label_values,
        limits.metrics_max_series,
        partial(registry.active.new_series.take, limits.max_metrics_per_minute),
        together.admissions(declared.name) if together else sharing.alone,
    )
    return registry.active.add(component, declared, metric)


def _overflowed(metric: str) -> None:
    bound(OwnMetrics).overflow.labels(metric).inc()
