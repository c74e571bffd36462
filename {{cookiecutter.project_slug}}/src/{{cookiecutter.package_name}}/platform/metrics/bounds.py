"""Bounds on label sets: what a label may be, and what happens past the limit."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple, Self

from .sharing import LabelSets, Turn, alone

OVERFLOW = "_overflow"
LONGEST_VALUE = 128  # characters: no client fills the memory with one label value


class Closed(frozenset[str]):
    """A label that takes these values only; any other is refused."""

    def __new__(cls, *values: str) -> Self:
        """Take any number of values."""
        return super().__new__(cls, values)


class BoundedBy(NamedTuple):
    """A label whose values come from the code, never from a client; `reason` limits them."""

    reason: str


class Limited(NamedTuple):
    """A label that clients may fill: the first so many values, and `_overflow` after them."""

    values: int


closed = Closed  # what declarations write
bounded_by = BoundedBy
limited = Limited

Values = Closed | BoundedBy | Limited


class LabelError(ValueError):
    """A label value outside its closed set, or labels that do not fit the metric."""


class Bounds:
    """Decides which label sets of a metric are recorded as they are.

    Only those with a `limited` label draw on limits: of others there are no more than code names.
    """

    def __init__(
        self,
        metric: str,
        labels: Mapping[str, Values],
        max_series: int,
        take: Callable[[], bool],
        turn: Turn = alone,
    ) -> None:
        self.labels = labels
        self._metric = metric
        self._max_series = max_series
        self._take = take
        self._turn = turn
        limits = enumerate(labels.values())
        self._most = {place: one.values for place, one in limits if isinstance(one, Limited)}
        self._admitted: set[tuple[str, ...]] = set()

    def texts(self, given: tuple[object, ...], named: Mapping[str, object]) -> tuple[str, ...]:
        """The label values in declared order, as `text` has them; a LabelError if they do not fit."""
        if named and not given and named.keys() == self.labels.keys():
            given = tuple(named[name] for name in self.labels)
        elif named or not given or len(given) != len(self.labels):
            right = f"labels are {_list(self.labels)}: give each, by position or name"
            raise LabelError(f"{self._metric}: {right}")
        return tuple(map(self.text, self.labels, given))

    def text(self, label: str, value: object) -> str:
        """The value as text, cut off at 128 characters; a LabelError where its set is closed."""
        text, values = str(value), self.labels[label]
        if not isinstance(values, Closed):
            # What is no UTF-8 would make every scrape fail.
            return text[:LONGEST_VALUE].encode(errors="replace").decode()
        if text not in values:
            wrong = f"{label}={text[:80]!r} is not one of {_list(values)}"
            raise LabelError(f"{self._metric}: {wrong}")
        return text

    def admit(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        """These label values if there is room, else the same with `_overflow` for limited ones."""
        if not self._most or texts in self._admitted:
            return texts
        ours: LabelSets = []
        try:
            with self._turn() as (others, ours):
                self._admitted.update(others)
                if texts not in self._admitted and self._has_room(texts):
                    ours.append(texts)
                    self._admitted.add(texts)
        except OSError:  # another process takes too long, or nobody knows what was admitted
            self._admitted.difference_update(ours)
        if texts in self._admitted:
            return texts
        return tuple(OVERFLOW if place in self._most else text for place, text in enumerate(texts))

    def forget(self, label_sets: Iterable[tuple[str, ...]]) -> None:
        """Let others have the room of these."""
        self._admitted.difference_update(label_sets)

    def _has_room(self, texts: tuple[str, ...]) -> bool:
        if len(self._admitted) >= self._max_series:
            return False
        for place, most in self._most.items():
            seen = {known[place] for known in list(self._admitted)}
            if texts[place] not in seen and len(seen) >= most:
                return False
        return self._take()


def _list(names: Collection[str]) -> str:
    shown = sorted(names)[:20] or ["none"]
    return ", ".join(shown) + (", …" if len(names) > 20 else "")
