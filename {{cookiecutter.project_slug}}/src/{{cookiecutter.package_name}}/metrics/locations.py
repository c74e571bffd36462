"""Where each metric is declared and which symbols record it, as pages and for the terminal."""

from collections.abc import Iterator
from importlib import import_module
from typing import Any, NamedTuple

from .catalogue import Entry, bound_of, catalogue
from .factory import Declared, bound
from .recorders import Recorders, Symbol


class Place(NamedTuple):
    """A symbol in a file of the package, and the line where it begins."""

    path: str
    line: int
    symbol: str

    def __str__(self) -> str:
        return f"{self.path}: {self.symbol}" if self.symbol else self.path


class Location(NamedTuple):
    """A metric, the place that declares it and those that record it."""

    entry: Entry
    declared: Place
    recorded: tuple[Place, ...]


def locate() -> list[Location]:
    """Every declared metric with its places, read from the package's source."""
    package = import_module(__package__.rpartition(".")[0])
    entries = catalogue()
    groups = {_symbol(entry.group): entry.group.declared for entry in entries}
    recorders = Recorders(package.__name__, package.__path__, groups, _symbol(bound))

    def place(symbol: Symbol) -> Place:
        line = getattr(recorders.symbols[symbol], "lineno", 1)
        return Place(recorders.files[symbol.module], line, symbol.name)

    locations = []
    for entry in entries:
        group = _symbol(entry.group)
        path, _, name = place(group)
        line = int(entry.declaration().where.rpartition(":")[2])
        recorded = tuple(map(place, recorders.of(group, entry.attribute)))
        locations.append(Location(entry, Place(path, line, f"{name}.{entry.attribute}"), recorded))
    return locations


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


def _symbol(named: Any) -> Symbol:
    return Symbol(named.__module__, named.__qualname__)


def _section(location: Location) -> str:
    declared = location.entry.declaration()
    recorded = ", ".join(f"`{place}`" for place in location.recorded)
    rows = {
        "type": declared.kind,
        **{f"label `{name}`": bound_of(values) for name, values in declared.labels.items()},
        **dict(_options(declared)),
        "declared in": f"`{location.declared}`",
        "recorded by": recorded or "nothing in this package",
    }
    table = "".join(f"| {name} | {text.replace('|', '&#124;')} |\n" for name, text in rows.items())
    return f"## `{declared.name}`\n\n{declared.help}\n\n| | |\n|---|---|\n{table}"


def _options(declared: Declared[Any]) -> Iterator[tuple[str, str]]:
    options = declared.options
    if "buckets" in options:
        yield "buckets", ", ".join(f"{bucket:g}" for bucket in options["buckets"])
    if "multiprocess_mode" in options:
        yield "several workers", f"`{options['multiprocess_mode']}`"
    if "states" in options:
        yield "states", ", ".join(f"`{state}`" for state in options["states"])
