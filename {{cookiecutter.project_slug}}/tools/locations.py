"""Where each metric is declared and which symbols record it, as pages and for the terminal."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any, NamedTuple

from .catalogue import Entry, bound_of, catalogue
from .recorders import Place, Recorders, Symbol, recorders

OPTIONS = {"multiprocess_mode": "several workers"}  # how the pages name an option, if otherwise


class Location(NamedTuple):
    """A metric, the place that declares it and those that record it."""

    entry: Entry
    declared: Place
    recorded: tuple[Place, ...]


def locate() -> list[Location]:
    """Every declared metric with its places, read from the package's source."""
    found = read()
    return [_location(found, entry) for entry in catalogue()]


def read() -> Recorders:
    """Who records the declared metrics of this package."""
    package = import_module("{{ cookiecutter.package_name }}")
    metrics = frozenset(_metric(entry) for entry in catalogue())
    return recorders(package.__name__, tuple(package.__path__), metrics)


def lines(locations: list[Location]) -> Iterator[str]:
    """The places for the terminal, with line numbers."""
    for entry, declared, recorded in locations:
        yield entry.declaration().name
        yield f"    declared  {declared.path}:{declared.line} {declared.symbol}"
        for place in recorded:
            yield f"    recorded  {place.path}:{place.line} {place.symbol}".rstrip()


def pages(locations: list[Location]) -> dict[str, str]:
    """The page of each component, without line numbers: an unrelated edit changes nothing."""
    texts: dict[str, str] = {}
    groups = set()
    for location in locations:
        component, group, _ = location.entry
        text = texts.get(component, f"# Metrics of `{component}`\n")
        if group not in groups:
            groups.add(group)
            text += f"\n{(group.__doc__ or group.__name__).strip()}\n"
        texts[component] = f"{text}\n{_section(location)}"
    return texts


def _metric(entry: Entry) -> Symbol:
    return Symbol(entry.group.__module__, f"{entry.group.__qualname__}.{entry.attribute}")


def _location(found: Recorders, entry: Entry) -> Location:
    metric = _metric(entry)
    line = int(entry.declaration().where.rpartition(":")[2])
    declared = Place(found.files[metric.module], line, metric.name)
    return Location(entry, declared, found.of(metric))


def _section(location: Location) -> str:
    declared = location.entry.declaration()
    recorded = ", ".join(f"`{place}`" for place in location.recorded)
    rows = {
        "type": declared.kind,
        **{f"label `{name}`": bound_of(values) for name, values in declared.labels.items()},
        **{OPTIONS.get(name, name): _shown(value) for name, value in declared.options.items()},
        "declared in": f"`{location.declared}`",
        "recorded by": recorded or "nothing in this package",
    }
    table = "".join(f"| {name} | {text.replace('|', '&#124;')} |\n" for name, text in rows.items())
    return f"## `{declared.name}`\n\n{declared.help}\n\n| | |\n|---|---|\n{table}"


def _shown(value: Any) -> str:
    values = [value] if isinstance(value, str) else value
    return ", ".join(f"`{one}`" if isinstance(one, str) else f"{one:g}" for one in values)
