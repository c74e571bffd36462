"""Bounds on label sets: what a label may be, and what happens past the limit."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from threading import Lock
from time import monotonic
from typing import Any, Self
from weakref import WeakValueDictionary

from prometheus_client import Counter, Enum, Gauge, Histogram, Info, Summary
from prometheus_client.metrics import MetricWrapperBase

from .sharing import Admissions

OVERFLOW = "_overflow"


class KeptChildren(dict[Any, Any]):
    """Children that a hot path keeps, by keys of its own, to save the look-up of labels.

    Emptied whenever a child may no longer be the one that `labels` would return: a label set was
    forgotten, one went to `_overflow`, or the registry is another one.

    Attributes:
        emptied: how often that happened; a child looked up meanwhile is not to be kept.
    """

    emptied = 0

    def __init__(self) -> None:
        _kept[id(self)] = self


_kept: WeakValueDictionary[int, KeptChildren] = WeakValueDictionary()


def empty_kept_children() -> None:
    """Make every hot path look its children up again."""
    for kept in _kept.values():
        kept.emptied += 1
        kept.clear()


@dataclass(frozen=True, slots=True)
class Closed:
    """A label with a fixed set of values; any other value is refused."""

    values: frozenset[str]


@dataclass(frozen=True, slots=True)
class BoundedBy:
    """A label whose values the code limits, such as the routes of the application."""

    reason: str


@dataclass(frozen=True, slots=True)
class Limited:
    """A label of at most `values` different values a process; later ones become `_overflow`."""

    values: int


Values = Closed | BoundedBy | Limited


def closed(*values: str) -> Closed:
    """A label that takes these values only."""
    return Closed(frozenset(values))


def bounded_by(reason: str) -> BoundedBy:
    """A label whose values cannot come from a client; `reason` says what limits them."""
    return BoundedBy(reason)


def limited(values: int) -> Limited:
    """A label that takes the first so many different values, and `_overflow` after them."""
    return Limited(values)


class LabelError(ValueError):
    """A label value outside its closed set, or labels that do not fit the metric."""


class NewSeriesBudget:
    """How many label sets all metrics of a registry may still add in this minute."""

    def __init__(self, per_minute: int) -> None:
        self._per_minute = per_minute
        self._lock = Lock()
        self._minute = -1
        self._used = 0

    def take(self) -> bool:
        """Take one; false when this minute's are used up."""
        minute = int(monotonic() // 60)
        with self._lock:
            if minute != self._minute:
                self._minute, self._used = minute, 0
            self._used += 1
            return self._used <= self._per_minute


class Bounds:
    """Decides which label sets of one metric are recorded as they are.

    With `shared` the limits hold for all processes together: what one admitted, the others take.
    """

    def __init__(
        self,
        labels: Mapping[str, Values],
        max_series: int,
        budget: NewSeriesBudget,
        overflowed: Callable[[], None],
        shared: Admissions | None = None,
    ) -> None:
        self.lock = Lock()
        self.overflowed = overflowed
        self.names = tuple(labels)
        self._labels = labels
        self._max_series = max_series
        self._budget = budget
        self._shared = shared
        self._admitted: set[tuple[str, ...]] = set()
        self._limits = {n: v.values for n, v in labels.items() if isinstance(v, Limited)}
        self._seen: dict[str, set[str]] = {name: set() for name in self._limits}

    def check(self, positional: tuple[object, ...], named: Mapping[str, object]) -> tuple[str, ...]:
        """The label values in declared order, as text.

        Raises:
            LabelError: names or number of labels are wrong, or a value is not in its closed set.
        """
        if positional and named:
            raise LabelError("give the label values by position or by name, not both")
        if named:
            if named.keys() != self._labels.keys():
                raise LabelError(f"labels are {_list(self._labels)}, not {_list(named)}")
            positional = tuple(named[name] for name in self._labels)
        if len(positional) != len(self._labels):
            raise LabelError(f"{len(positional)} label values for {_list(self._labels)}")
        texts = tuple(str(value) for value in positional)
        for (name, values), text in zip(self._labels.items(), texts, strict=True):
            if isinstance(values, Closed) and text not in values.values and text != OVERFLOW:
                raise LabelError(f"{name}={text[:80]!r} is not one of {_list(values.values)}")
        return texts

    def admit(self, texts: tuple[str, ...], series: int) -> tuple[str, ...]:
        """These label values if there is room, else the same with `_overflow` for the open ones.

        Call it under `lock`, for a label set that is new, with the number of those known so far.
        """
        if (
            self._fits(texts, series)
            if self._shared is None
            else self._fits_all(self._shared, texts)
        ):
            return texts
        return tuple(
            text if isinstance(values, Closed) else OVERFLOW
            for values, text in zip(self._labels.values(), texts, strict=True)
        )

    def _fits(self, texts: tuple[str, ...], series: int) -> bool:
        new = [name for name, text in self._limited(texts) if text not in self._seen[name]]
        crowded = any(len(self._seen[name]) >= self._limits[name] for name in new)
        if crowded or series >= self._max_series or not self._budget.take():
            return False
        self._learn(texts)
        return True

    def _fits_all(self, shared: Admissions, texts: tuple[str, ...]) -> bool:
        try:
            with shared.turn() as (news, own):
                for admitted in news:
                    self._admitted.add(admitted)
                    self._learn(admitted)
                if texts in self._admitted:
                    return True
                if not self._fits(texts, len(self._admitted)):
                    return False
                own.append(texts)
                return True
        except (OSError, ValueError):
            return False

    def _limited(self, texts: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        for name, text in zip(self._labels, texts, strict=True):
            if name in self._seen:
                yield name, text

    def _learn(self, texts: tuple[str, ...]) -> None:
        for name, text in self._limited(texts):
            self._seen[name].add(text)

    def recount(self, known: Iterable[tuple[object, ...]]) -> None:
        """Make room for values that no label set has any more. Call it under `lock`."""
        remaining = list(known)
        for position, name in enumerate(self._labels):
            if name in self._seen:
                self._seen[name] = {str(texts[position]) for texts in remaining}


def _list(names: Any) -> str:
    shown = sorted(names)[:20]
    return ", ".join(shown) + (", …" if len(names) > 20 else "")


class Bounded(MetricWrapperBase):
    """A labelled metric that keeps to its bounds; a known label set costs one look-up."""

    bounds: Bounds
    children: dict[tuple[object, ...], Self]

    def keep_to(self, bounds: Bounds) -> None:
        """Keep to these bounds from now on."""
        self.bounds = bounds
        self.children = {}

    def labels(self, *labelvalues: object, **labelkwargs: object) -> Self:
        """The child for that label set, or for `_overflow` when there is no room for it.

        Raises:
            LabelError: the labels do not fit, or a value is not in its closed set.
        """
        try:
            return self.children[labelvalues]
        except (KeyError, TypeError):
            texts = self.bounds.check(labelvalues, labelkwargs)
        with self.bounds.lock:
            child = self.children.get(texts)
            if child is not None:
                return child
            admitted = self.bounds.admit(texts, len(self.children))
            child = super().labels(*admitted)
            self.children[admitted] = child
        if admitted != texts:
            empty_kept_children()
            self.bounds.overflowed()
        return child

    def remove(self, *labelvalues: object) -> None:
        """Forget one label set."""
        super().remove(*labelvalues)
        texts = tuple(str(value) for value in labelvalues)
        self._keep(lambda known: known != texts)

    def remove_by_labels(self, labels: dict[str, str]) -> None:
        """Forget every label set with these values."""
        super().remove_by_labels(labels)
        wanted = {self.bounds.names.index(name): str(value) for name, value in labels.items()}
        self._keep(lambda known: any(known[at] != text for at, text in wanted.items()))

    def clear(self) -> None:
        """Forget every label set."""
        super().clear()
        self._keep(lambda known: False)

    def _keep(self, keep: Callable[[tuple[object, ...]], bool]) -> None:
        with self.bounds.lock:
            self.children = {known: c for known, c in self.children.items() if keep(known)}
            self.bounds.recount(self.children)
        empty_kept_children()


class BoundedCounter(Bounded, Counter):
    """A counter with bounded labels."""


class BoundedGauge(Bounded, Gauge):
    """A gauge with bounded labels."""


class BoundedHistogram(Bounded, Histogram):
    """A histogram with bounded labels."""


class BoundedSummary(Bounded, Summary):
    """A summary with bounded labels."""


class BoundedInfo(Bounded, Info):
    """An info metric with bounded labels."""


class BoundedEnum(Bounded, Enum):
    """A state set with bounded labels."""
