"""Builds the metrics of a declared group: prometheus_client's, bounded and never in the way."""

import logging
from collections.abc import Callable, Iterable
from contextlib import ContextDecorator, nullcontext
from functools import partial, wraps
from math import isfinite
from types import MethodType
from typing import Any, Self, TypeVar

import prometheus_client as client
from prometheus_client.metrics import MetricWrapperBase

from ..core.components import FAILURES
from . import registry
from .bounds import OVERFLOW, LabelSet, texts
from .component import OwnMetrics
from .declared import Declared, MetricGroup, Summary

log = logging.getLogger(__name__)
G = TypeVar("G", bound=MetricGroup)

GUARDED = "count_exceptions dec inc info observe reset set set_function state track_inprogress"
CHILD = Summary("a label set", "It has its labels already.")  # whoever asks it for more is told
NOT_FOR_SEVERAL = "set_function works in one process only: with several workers record values"


class Disabled(nullcontext[None], ContextDecorator):
    """The metric that does nothing, for one that is switched off or has failed; so is its `time()`."""

    def labels(self, *args: object, **kwargs: object) -> "Disabled":
        """Itself, which takes every call."""
        return self

    inc = dec = set = observe = info = state = reset = set_function = set_to_current_time = labels
    time = count_exceptions = track_inprogress = remove = remove_by_labels = clear = labels


DISABLED: Any = Disabled()


class Bounded(MetricWrapperBase):
    """A metric that keeps to its bounds; its errors are raised in tests, and reported elsewhere.

    Each label set is the only child of a metric of its own, whose lock nobody else takes: so a
    finalizer may record at any moment, also while a label set is admitted or read.
    """

    component: str
    declared: Any
    again: Callable[[], Self]  # makes this metric once more, in no registry
    admitted: set[LabelSet]  # those that draw on limits, and are recorded as they are
    children: dict[LabelSet, Self]
    parent: Any  # of a child

    def labels(self, *labelvalues: object, **labelkwargs: object) -> Self:
        """The child for that label set, or for `_overflow` when there is no room for it.

        Values are the same where their texts are: `str(value)`. LabelError, in tests, where labels
        do not fit or a value is not in its closed set.
        """
        try:
            child = self.children.get(labelvalues)  # type: ignore[arg-type]  # checked below
            for value in labelvalues:
                if type(value) is not str:  # it may equal a text and have another one
                    child = None
            if child is None or labelkwargs:
                child = self._child(texts(self.declared, labelvalues, labelkwargs))
        except Exception as error:  # noqa: BLE001 - a metric is never in the way
            return self.failed(error)  # type: ignore[no-any-return]  # it takes every call
        return child

    def remove(self, *args: object, **kwargs: object) -> None:
        """Fail, as `remove_by_labels` and `clear` do: label sets stay."""
        self.failed(NotImplementedError("label sets are few, and stay: set a gauge to 0 instead"))

    remove_by_labels = clear = remove

    def failed(self, error: Exception) -> Any:
        """Raise the error in a test; elsewhere report it, and return what takes every call."""
        error.add_note(f"in {self}")
        if registry.active.mode == "test":
            raise error
        report(self.component, error)
        return DISABLED

    def collect(self) -> Iterable[client.Metric]:
        """The family; what fails, such as the callback of a gauge, has no sample in it."""
        [family] = self.describe()
        for one in [child.parent for child in list(self.children.values())] or [self]:
            try:
                [part] = super(Bounded, one).collect()
                family.samples += part.samples
            except FAILURES as error:  # the other samples are still to be served
                report(self.component, error)
        return [family]

    def _child(self, label_set: LabelSet) -> Self:
        limits = self.declared.limits
        if limits and label_set not in self.admitted:
            registry.active.admit(self, label_set)
            if label_set not in self.admitted:
                given = enumerate(label_set)
                label_set = tuple(OVERFLOW if place in limits else text for place, text in given)
                bound(OwnMetrics).overflow.labels(self.declared.name).inc()
        if label_set not in self.children:
            parent = self.again()
            child = super(Bounded, parent).labels(*label_set)
            child.declared, child.component = CHILD, self.component
            child.parent, child.children = parent, {}
            self.children.setdefault(label_set, child)
        return self.children[label_set]


def _guarded(method: Callable[..., Any]) -> Any:
    name = method.__name__

    @wraps(method)
    def guarded(self: Bounded, *args: Any, **kwargs: Any) -> Any:
        if name == "set_function" and registry.active.several:
            return self.failed(NotImplementedError(NOT_FOR_SEVERAL))
        try:
            for given in (*args, *kwargs.values()):
                if isinstance(given, dict):  # scrapes write its texts as they are: all would fail
                    "".join((*given, *given.values())).encode()
                elif name in ("dec", "inc", "observe") and not isfinite(given or 0):
                    raise ValueError(f"{given} would stay in the sum")  # noqa: TRY301 - as below
            return method(self, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - a metric is never in the way
            return self.failed(error)

    return guarded


def unguarded(method: Any) -> Callable[..., Any]:
    """The same without its guard: for calls that cannot fail, at every request."""
    return MethodType(method.__wrapped__, method.__self__)


def _bounded(kind: Any) -> type[Bounded]:
    class BoundedKind(Bounded, kind):  # type: ignore[misc]  # mypy wants to know which
        pass

    for name in (one for one in GUARDED.split() if hasattr(kind, one)):
        setattr(BoundedKind, name, _guarded(getattr(kind, name)))
    return BoundedKind


_TYPES = (client.Counter, client.Gauge, client.Histogram, client.Summary, client.Info, client.Enum)
KINDS = {kind.__name__.lower(): _bounded(kind) for kind in _TYPES}


def bound(group: type[G]) -> G:
    """The group with its metrics, which the first call builds; a conflict raises in tests only."""
    return registry.active.groups.get(group) or bind(group, strict=registry.active.mode == "test")


def getter(group: type[G]) -> Callable[[], G]:
    """What a component calls `get_metrics`: each call is `bound(group)`."""
    return partial(bound, group)


def bind(group: type[G], *, strict: bool = True) -> G:
    """Build the group at the start of the service, which MetricConflict or SettingsError stops."""
    instance = group()
    for attribute, declared in group.declared.items():
        metric = DISABLED
        try:
            if registry.is_collected(group.component):
                metric = _metric(group.component, declared)
        except Exception as error:
            if strict and not isinstance(error, OSError):  # no full disk stops a start
                raise
            report(group.component, error)
        setattr(instance, attribute, metric)
    return registry.active.groups.setdefault(group, instance)  # type: ignore[no-any-return]  # keyed by its type


def report(component: str, error: BaseException) -> None:
    """Count a metric that failed, and log it unless the component logged one this minute."""
    if component != OwnMetrics.component:
        bound(OwnMetrics).errors.labels(component).inc()
    if times := registry.active.reports.take(1, component):
        text = "a metric of %s failed and was skipped (%d since the last report)"
        log.error(text, component, times, exc_info=error)


def _metric(component: str, declared: Declared[Any]) -> Any:
    names = (declared.name, declared.help, tuple(declared.label_values))
    again = partial(KINDS[declared.kind], *names, registry=None, **declared.options)
    metric = again()
    metric.component, metric.declared, metric.again = component, declared, again
    metric.admitted, metric.children = set(), {}
    return registry.active.add(component, declared, metric)
