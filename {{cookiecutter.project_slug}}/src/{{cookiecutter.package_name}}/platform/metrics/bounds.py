"""What a label of a metric may be: bounds, so that no client causes series without a limit."""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

OVERFLOW = "_overflow"
LONGEST_VALUE = 128  # characters: no client fills the memory with one label value

LabelSet = tuple[str, ...]


class BoundedBy(NamedTuple):
    """A label whose values come from the code, never from a client; `reason` limits them."""

    reason: str


class Limited(NamedTuple):
    """A label that clients may fill: the first so many values, and `_overflow` after them."""

    values: int


Values = frozenset[str] | BoundedBy | Limited

bounded_by = BoundedBy  # what declarations write
limited = Limited


def closed(*values: str) -> frozenset[str]:
    """A label that takes these values only; any other is refused."""
    return frozenset(values)


class LabelError(ValueError):
    """A label value outside its closed set, or labels that do not fit the metric."""


def texts(declared: Any, given: tuple[object, ...], named: Mapping[str, object]) -> LabelSet:
    """The label values as texts, in declared order; a LabelError if they do not fit."""
    labels = declared.label_values
    if named and not given and named.keys() == labels.keys():
        given = tuple(named[label] for label in labels)
    elif named or not given or len(given) != len(labels):
        right = f"labels are {_listed(labels)}: give each, by position or name"
        raise LabelError(f"{declared.name}: {right}")
    found = []
    for (label, values), value in zip(labels.items(), given, strict=True):
        text = str(value)
        if not isinstance(values, frozenset):
            # What is no UTF-8 would make every scrape fail.
            text = text[:LONGEST_VALUE].encode(errors="replace").decode()
        elif text not in values:
            wrong = f"{label}={text[:80]!r} is not one of {_listed(values)}"
            raise LabelError(f"{declared.name}: {wrong}")
        found.append(text)
    return tuple(found)


def _listed(names: Collection[str]) -> str:
    shown = sorted(names)[:20] or ["none"]
    return ", ".join(shown) + (", …" if len(names) > 20 else "")
