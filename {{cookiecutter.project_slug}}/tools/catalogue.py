"""The catalogue: every metric that a component of the service declares."""

from typing import Any, NamedTuple

from {{ cookiecutter.package_name }}.platform.core.components import discover
from {{ cookiecutter.package_name }}.platform.metrics.bounds import (
    BoundedBy,
    Values,
)
from {{ cookiecutter.package_name }}.platform.metrics.declared import Declared, MetricGroup

LISTED_VALUES = 12  # a closed set is spelled out up to this size


class Entry(NamedTuple):
    """A declared metric: its component, its group, and its name in the group."""

    component: str
    group: type[MetricGroup]
    attribute: str

    def declaration(self) -> Declared[Any]:
        """The metric as it is declared."""
        return self.group.declared[self.attribute]


def catalogue() -> tuple[Entry, ...]:
    """Every declared metric, in the order of the components and of their declarations."""
    groups: list[tuple[str, type[MetricGroup]]] = [
        (component.name, group) for component in discover() for group in component.metrics
    ]
    return tuple(Entry(owner, group, name) for owner, group in groups for name in group.declared)


def bound_of(values: Values) -> str:
    """What keeps a label bounded, in words."""
    if isinstance(values, frozenset):
        known = sorted(values)
        if len(known) > LISTED_VALUES:
            return f"{len(known)} values from `{known[0]}` to `{known[-1]}`"
        return ", ".join(f"`{value}`" for value in known)
    if isinstance(values, BoundedBy):
        return f"bounded by {values.reason}"
    return f"at most {values.values} values, then `_overflow`"
