"""Bounds on label sets: what a label may be, and what happens past the limit."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from math import inf
from threading import Lock
from typing import Any, NamedTuple, Self

from .sharing import Turn, alone

OVERFLOW = "_overflow"


class closed(frozenset[str]):  # noqa: N801 - these three read as the functions they are used as
    """A label that takes these values only; any other is refused."""

    def __new__(cls, *values: str) -> Self:  # noqa: D102 - as above
        return super().__new__(cls, values)


class bounded_by(NamedTuple):  # noqa: N801
    """A label whose values cannot come from a client; `reason` says what limits them."""

    reason: str


class limited(NamedTuple):  # noqa: N801
    """A label that takes the first so many different values, and `_overflow` after them."""

    values: int


Values = closed | bounded_by | limited


class LabelError(ValueError):
    """A label value outside its closed set, or labels that do not fit the metric."""


class Bounds:
    """Decides which label sets of one metric are recorded as they are; use it under its `lock`."""

    def __init__(
        self,
        labels: Mapping[str, Values],
        max_series: int,
        take: Callable[[], bool],
        overflowed: Callable[[], None],
        turn: Turn = alone,
    ) -> None:
        self.lock = Lock()
        self.labels = labels
        self.overflowed = overflowed
        self.children: dict[tuple[object, ...], Any] = {}
        self._max_series = max_series
        self._take = take
        self._turn = turn
        self._most = [one.values if isinstance(one, limited) else inf for one in labels.values()]
        self._admitted: set[tuple[str, ...]] = set()
        self._seen: list[set[str]] = [set() for _ in labels]

    def check(self, positional: tuple[object, ...], named: Mapping[str, object]) -> tuple[str, ...]:
        """The label values in declared order, as text; a LabelError where they do not fit."""
        if named.keys() == self.labels.keys() and not positional:
            positional = tuple(named[name] for name in self.labels)
        elif named or len(positional) != len(self.labels):
            raise LabelError(f"labels are {_list(self.labels)}: give each, by position or name")
        # What is no UTF-8 would make every scrape fail.
        texts = tuple(str(value).encode(errors="replace").decode() for value in positional)
        for (name, values), text in zip(self.labels.items(), texts, strict=True):
            if isinstance(values, closed) and text not in values:
                raise LabelError(f"{name}={text[:80]!r} is not one of {_list(values)}")
        return texts

    def admit(self, texts: tuple[str, ...]) -> tuple[str, ...]:
        """These label values if there is room, else the same with `_overflow` for the open ones."""
        with suppress(OSError):  # another process keeps its turn for too long, or the disk is full
            with self._turn() as (news, own):
                self._learn(news)
                if texts not in self._admitted and self._fits(texts):
                    own.append(texts)
            self._learn(own)
        if texts in self._admitted:
            return texts
        return tuple(
            text if isinstance(values, closed) else OVERFLOW
            for values, text in zip(self.labels.values(), texts, strict=True)
        )

    def forget(self, labels: Mapping[str, str]) -> None:
        """Drop the children with these values; others have room then, unless files keep them."""
        wanted = set(labels.items())
        named = {texts: zip(self.labels, texts, strict=True) for texts in self.children}
        gone = [texts for texts, values in named.items() if wanted.issubset(values)]
        for texts in gone:
            del self.children[texts]
        if self._turn is alone:
            staying = self._admitted.difference(gone)
            self._admitted, self._seen = set(), [set() for _ in self.labels]
            self._learn(staying)

    def _fits(self, texts: tuple[str, ...]) -> bool:
        values = zip(texts, self._seen, self._most, strict=True)
        crowded = any(text not in seen and len(seen) >= most for text, seen, most in values)
        return not crowded and len(self._admitted) < self._max_series and self._take()

    def _learn(self, admitted: Iterable[tuple[str, ...]]) -> None:
        for texts in admitted:
            self._admitted.add(texts)
            for seen, text in zip(self._seen, texts, strict=True):
                seen.add(text)


def _list(names: Any) -> str:
    shown = sorted(names)[:20] or ["none"]
    return ", ".join(shown) + (", …" if len(names) > 20 else "")
