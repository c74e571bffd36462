"""The types of metrics that groups are made of: prometheus_client's, with bounds on their labels."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any, Self

import prometheus_client
from prometheus_client import Counter, Enum, Histogram, Info, Metric, Summary
from prometheus_client.metrics import MetricWrapperBase

from . import registry
from .bounds import Bounds

_FAILED = float("nan")  # what a callback gives that failed: its sample is left out


class Bounded(MetricWrapperBase):
    """A labelled metric that keeps to its bounds; a known label set costs one look-up."""

    component: str
    bounds = Bounds({}, 0, lambda: False, lambda: None)  # of a child, which has its values

    def labels(self, *labelvalues: object, **labelkwargs: object) -> Self:
        """The child for that label set, or for `_overflow` when there is no room for it.

        Raises:
            LabelError: the labels do not fit, or a value is not in its closed set.
        """
        try:
            return self.bounds.children[labelvalues]  # type: ignore[no-any-return]  # of its kind
        except (KeyError, TypeError):
            texts = self.bounds.check(labelvalues, labelkwargs)
        with self.bounds.lock:
            if texts in self.bounds.children:
                return self.bounds.children[texts]  # type: ignore[no-any-return]  # as above
            admitted = self.bounds.admit(texts)
            child = super().labels(*admitted)
            child.component = self.component
            self.bounds.children[admitted] = child
        if admitted != texts:
            registry.children_changed()
            self.bounds.overflowed()
        return child

    def collect(self) -> Iterable[Metric]:
        """The family, with what was kept back until somebody reads."""
        for record in registry.readers:
            record()
        return super().collect()

    def remove(self, *labelvalues: object) -> None:
        """Forget one label set."""
        super().remove(*labelvalues)
        self._forget(dict(zip(self.bounds.labels, labelvalues, strict=True)))

    def remove_by_labels(self, labels: dict[str, Any]) -> None:
        """Forget every label set with these values; none where no value is given."""
        super().remove_by_labels(labels)
        if labels:
            self._forget(labels)

    def clear(self) -> None:
        """Forget every label set."""
        super().clear()
        self._forget({})

    def _forget(self, labels: dict[str, object]) -> None:
        with self.bounds.lock:
            self.bounds.forget({name: str(value) for name, value in labels.items()})
        registry.children_changed()


class Gauge(prometheus_client.Gauge):
    """A gauge whose callback may fail: a scrape then has no sample of it."""

    component: str

    def set_function(self, f: Callable[[], float]) -> None:
        """Take the value from this function at every scrape."""

        def value() -> float:
            try:
                return float(f())
            except Exception as error:  # noqa: BLE001 - the other samples are still to be served
                registry.failed(self.component, error)
                return _FAILED

        super().set_function(value)

    def collect(self) -> Iterator[Metric]:
        """The family, without the samples whose callbacks failed."""
        for family in super().collect():
            family.samples = [one for one in family.samples if one.value is not _FAILED]
            yield family


# Each type of metric by the name that a declaration has for it.
KINDS: dict[str, type[Bounded]] = {
    base.__name__.lower(): type(f"Bounded{base.__name__}", (Bounded, base), {})
    for base in (Counter, Gauge, Histogram, Summary, Info, Enum)
}
