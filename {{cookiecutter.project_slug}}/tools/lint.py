"""Checks the declared metrics without registering any; each finding says what would be right.

The rules are those of promlint that apply to a declaration (prometheus/client_golang, package
testutil/promlint), with the conventions of this service on top.
"""

import re
import sys
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple, get_args

from {{ cookiecutter.package_name }}.platform.metrics.bounds import (
    BoundedBy,
    Limited,
)
from {{ cookiecutter.package_name }}.platform.metrics.declared import (
    DURATION_BUCKETS,
    Declared,
    MetricGroup,
    MultiprocessMode,
)

from .catalogue import Entry

WORDS = re.compile("[a-z]+(_[a-z]+)*")
MOST_BUCKETS = 20  # each is a series for every label set
# What promlint refuses, and percent: Prometheus's conventions want a ratio from 0 to 1.
UNITS = {
    "seconds": "minutes hours days weeks s ms us ns sec secs h d",
    "celsius": "fahrenheit rankine",
    "kelvin": "kelvins",
    "meters": "inches yards miles m km cm mm",
    "bytes": "bits b kb mb gb tb pb",
    "joules": "calories",
    "grams": "pounds ounces kg mg",
    "ratio": "percent percentage pct",
}
BASE_UNIT = {unit: base for base, units in UNITS.items() for unit in units.split()}
SCALED_UNIT = re.compile(
    "(?:pico|nano|micro|milli|centi|deci|deca|hecto|kilo|kibi|mega|mebi|giga|gibi|tera|tebi|peta|pebi)"
    "(amperes|bytes|bits|celsius|grams|joules|kelvin|meters|metres|seconds|volts)"
)
MODES = get_args(MultiprocessMode)
# What the exposition appends to a metric's name, by its type.
EXPORTED = {
    "counter": ("_total", "_created"),
    "histogram": ("_bucket", "_count", "_sum", "_created"),
    "info": ("_info",),
    "summary": ("_count", "_sum", "_created"),
}
SUFFIXES = ("_total", "_created", "_bucket", "_count", "_sum", "_info")
LABELS = {"le": "histograms", "quantile": "summaries", "job": "scrapers", "instance": "scrapers"}


class Finding(NamedTuple):
    """What is wrong with the metric or group `subject`, declared at `where`: file and line."""

    where: str
    subject: str
    problem: str


def lint(entries: Iterable[Entry]) -> list[Finding]:
    """Everything that is wrong with these declarations."""
    found = []
    owners: dict[str, Declared[Any]] = {}
    for entry in entries:
        declared = entry.declaration()
        problems = [problem for rule in RULES for problem in rule(declared)]
        problems += [*_owner(entry), *_collision(declared, owners)]
        found += [Finding(declared.where, declared.name, problem) for problem in problems]
    return found


def forgotten(package: str, entries: Iterable[Entry]) -> list[Finding]:
    """The imported groups of the package that no component lists."""
    listed = {(entry.group.__module__, entry.group.__qualname__) for entry in entries}
    return [
        Finding(
            next(declared.where for declared in group.declared.values()),
            group.__name__,
            f"is in no component: add it to metrics= in the component.py of {group.component}",
        )
        for group in MetricGroup.__subclasses__()
        if group.__module__.startswith(f"{package}.")
        and getattr(sys.modules.get(group.__module__), group.__name__, None) is group
        and group.declared
        and (group.__module__, group.__qualname__) not in listed
    ]


def _name(declared: Declared[Any]) -> Iterator[str]:
    snake = re.sub("(?<=[a-z])(?=[A-Z])", "_", declared.name).lower()
    if not WORDS.fullmatch(declared.name):
        right = re.sub("[^a-z]+", "_", snake).strip("_") or "jobs_total"
        yield f"must be words of a to z joined by single underscores, like {right}"
    for word in snake.split("_"):
        scaled = SCALED_UNIT.fullmatch(word)
        unit = scaled[1] if scaled else word
        base = BASE_UNIT.get(unit, unit)
        if base != word:
            yield f"must be in base units: {base} instead of {word}"
        if word == declared.kind != "info":
            yield f"must not name its type: leave {word} out"
    if declared.kind == "counter" and not declared.name.endswith("_total"):
        yield f"is a counter: call it {declared.name}_total"
    for suffix in SUFFIXES:
        if declared.name.endswith(suffix) and (suffix, declared.kind) != ("_total", "counter"):
            owner = "counters" if suffix == "_total" else "the exposition"
            yield f"must leave {suffix} to {owner}: call it {declared.name.removesuffix(suffix)}"


def _help(declared: Declared[Any]) -> Iterator[str]:
    text = declared.help
    if not (text[:1].isupper() and text.endswith(".") and text.isprintable()):
        yield "needs a help text: one line, with a capital at its start and a full stop at its end"


def _labels(declared: Declared[Any]) -> Iterator[str]:
    for label, values in declared.label_values.items():
        of_a_job = label == "job" and declared.name.startswith("job_")  # scraped with honor_labels
        if label in LABELS and not of_a_job:
            yield f"must leave the label {label} to {LABELS[label]}: choose another name"
        elif not WORDS.fullmatch(label):
            yield f"label {label} must be words of a to z joined by single underscores"
        problem = _unbounded(values)
        if problem:
            yield f"label {label} {problem}"


def _unbounded(values: object) -> str | None:
    match values:
        case frozenset():
            wrong = not values or "" in values
            return "needs values, none of them empty: closed('yes', 'no')" if wrong else None
        case BoundedBy(reason):
            return None if reason.strip() else "must say what bounds it: bounded_by('the routes')"
        case Limited(number):
            return None if number >= 1 else "must allow a value: limited(50)"
    return "is unbounded: use closed, bounded_by or limited"


def _mode(declared: Declared[Any]) -> Iterator[str]:
    if declared.kind == "gauge" and declared.options.get("multiprocess_mode") not in MODES:
        yield f"must say how several workers become one: multiprocess= {' or '.join(MODES)}"


def _buckets(declared: Declared[Any]) -> Iterator[str]:
    if declared.kind != "histogram":
        return
    buckets = declared.options["buckets"]
    if buckets and buckets[-1] == float("inf"):
        yield "must have finite buckets: +Inf is added to them"
    if list(buckets) != sorted(set(buckets)):
        yield f"must have rising buckets: {', '.join(f'{one:g}' for one in sorted(set(buckets)))}"
    if not 1 <= len(buckets) <= MOST_BUCKETS:
        yield f"has {len(buckets)} buckets: choose 1 to {MOST_BUCKETS}, dense where it matters"
    if buckets == DURATION_BUCKETS and not declared.name.endswith("_seconds"):
        yield "has the default buckets, which are seconds: end its name in _seconds or give others"


RULES = (_name, _help, _labels, _mode, _buckets)


def _owner(entry: Entry) -> Iterator[str]:
    if entry.group.component != entry.component:
        yield (
            f"belongs to component {entry.group.component} and is brought by {entry.component}: "
            f'write class {entry.group.__name__}(MetricGroup, component="{entry.component}")'
        )


def _collision(declared: Declared[Any], owners: dict[str, Declared[Any]]) -> Iterator[str]:
    name = declared.name.removesuffix("_total" if declared.kind == "counter" else "")
    for suffix in ("", *EXPORTED.get(declared.kind, ())):
        exported = name + suffix
        owner = owners.setdefault(exported, declared)
        if owner is not declared and owner.signature != declared.signature:
            yield f"exports {exported}, as {owner.name} ({owner.where}) does: rename one of them"
            return
