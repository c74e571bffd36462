"""The types of metrics that groups are made of: prometheus_client's, bounded and never in the way."""

from collections.abc import Callable, Collection, Iterable
from functools import wraps
from typing import Any, Self

import prometheus_client as client
from prometheus_client import Metric
from prometheus_client.metrics import MetricWrapperBase

from . import registry, sharing
from .bounds import Bounds
from .disabled import DISABLED

KINDS: "dict[str, type[Bounded]]" = {}  # by the name that a declaration has for the type
FOR_ONE_PROCESS = ("set_function", "remove", "remove_by_labels", "clear")
NOT_FOR_SEVERAL = "works in one process only: with several workers record values instead"


class Bounded(MetricWrapperBase):
    """A metric that keeps to its bounds; its errors are raised in tests, and reported elsewhere.

    Each label set is the only child of a metric of its own, whose lock nobody else takes: so a
    finalizer may record at any moment, also while a label set is admitted or read.
    """

    report: Callable[[Exception], None]
    overflowed: Callable[[], None]
    again: Callable[[], Self]  # makes this metric once more, in no registry
    children: dict[tuple[str, ...], Self]
    bounds = Bounds("a label set", {}, 0, lambda: False)  # of a child
    parent: Any  # of a child

    def __init_subclass__(cls, kind: str, guarded: str = "") -> None:
        KINDS[kind] = cls
        for name in (*guarded.split(), "remove", "remove_by_labels", "clear"):
            setattr(cls, name, _guarded(getattr(cls, name)))

    def labels(self, *labelvalues: object, **labelkwargs: object) -> Self:
        """The child for that label set, or for `_overflow` when there is no room for it.

        A known one costs a look-up. Values are the same where their texts are: `str(value)`.

        Raises:
            LabelError: in tests, where labels do not fit or a value is not in its closed set.
        """
        try:
            child = self.children.get(labelvalues)  # type: ignore[arg-type]  # checked below
            for value in labelvalues:
                if type(value) is not str:  # it may equal a text and have another one
                    child = None
            if child is None or labelkwargs:
                child = self._child(self.bounds.texts(labelvalues, labelkwargs))
        except Exception as error:  # noqa: BLE001 - a metric is never in the way
            return self.failed(error)  # type: ignore[no-any-return]  # it takes every call
        return child

    def failed(self, error: Exception) -> Any:
        """Raise the error in a test; elsewhere report it, and return what takes every call."""
        error.add_note(f"in {self}")
        if registry.active.mode == "test":
            raise error
        self.report(error)
        return DISABLED

    def collect(self) -> Iterable[Metric]:
        """The family; what fails, such as the callback of a gauge, has no sample in it."""
        [family] = self.describe()
        for one in [child.parent for child in list(self.children.values())] or [self]:
            try:
                for part in super(Bounded, one).collect():
                    family.samples += part.samples
            except Exception as error:  # noqa: BLE001 - the other samples are still to be served
                self.report(error)
        return [family]

    def remove(self, *labelvalues: object) -> None:
        """Forget one label set."""
        self._forget([self.bounds.texts(labelvalues, {})])

    def remove_by_labels(self, labels: dict[str, Any]) -> None:
        """Forget every label set with these values; none where no value is given."""
        wanted = {(name, self.bounds.text(name, value)) for name, value in labels.items()}
        known = [
            (texts, set(zip(self.bounds.labels, texts, strict=True)))
            for texts in list(self.children)
        ]
        self._forget([texts for texts, values in known if wanted and wanted <= values])

    def clear(self) -> None:
        """Forget every label set."""
        self._forget(list(self.children))

    def _forget(self, gone: Collection[tuple[str, ...]]) -> None:
        for texts in gone:
            self.children.pop(texts, None)
        self.bounds.forget(gone)

    def _child(self, texts: tuple[str, ...]) -> Self:
        admitted = self.bounds.admit(texts)
        if admitted != texts:
            self.overflowed()
        if admitted not in self.children:
            parent = self.again()
            child = super(Bounded, parent).labels(*admitted)
            child.parent, child.report, child.children = parent, self.report, {}
            self.children.setdefault(admitted, child)
        return self.children[admitted]


def _guarded(method: Callable[..., Any]) -> Any:
    @wraps(method)
    def guarded(self: Bounded, *args: Any, **kwargs: Any) -> Any:
        if sharing.processes is not None and method.__name__ in FOR_ONE_PROCESS:
            return self.failed(NotImplementedError(f"{method.__name__} {NOT_FOR_SEVERAL}"))
        try:
            return method(self, *args, **kwargs)
        except Exception as error:  # noqa: BLE001 - a metric is never in the way
            return self.failed(error)

    return guarded


# What a request records is guarded by hand, which takes a third of the time.
class _Counter(Bounded, client.Counter, kind="counter", guarded="reset count_exceptions"):
    def inc(self, amount: float = 1, exemplar: dict[str, str] | None = None) -> None:
        try:
            client.Counter.inc(self, amount, exemplar)
        except Exception as error:  # noqa: BLE001 - a metric is never in the way
            self.failed(error)


class _Gauge(Bounded, client.Gauge, kind="gauge", guarded="set set_function track_inprogress"):
    def inc(self, amount: float = 1) -> None:
        try:
            client.Gauge.inc(self, amount)
        except Exception as error:  # noqa: BLE001 - a metric is never in the way
            self.failed(error)

    def dec(self, amount: float = 1) -> None:
        self.inc(-amount)


class _Histogram(Bounded, client.Histogram, kind="histogram"):
    def observe(self, amount: float, exemplar: dict[str, str] | None = None) -> None:
        try:
            client.Histogram.observe(self, amount, exemplar)
        except Exception as error:  # noqa: BLE001 - a metric is never in the way
            self.failed(error)


class _Summary(Bounded, client.Summary, kind="summary", guarded="observe"):
    pass


class _Info(Bounded, client.Info, kind="info", guarded="info"):
    pass


class _Enum(Bounded, client.Enum, kind="enum", guarded="state"):
    pass
