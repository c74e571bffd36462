"""Finds names of metrics and labels in PromQL that nothing exports."""

import re
from collections.abc import Iterator
from difflib import get_close_matches
from functools import cache
from typing import Any

import promql_parser as promql

from {{ cookiecutter.package_name }}.platform.metrics.bounds import Closed

from ..catalogue import catalogue
from ..lint import EXPORTED
from .rule_files import jobs, own_job, rules

# Whoever scrapes adds the first two; `service` is on what jobs deliver.
TARGET = frozenset({"job", "instance", "service"})
# Labels that nobody here knows: those of `info` metrics are their values.
ANY = frozenset({"*"})
FOREIGN: dict[str, frozenset[str]] = {
    **dict.fromkeys(
        (
            "up",
            "scrape_duration_seconds",
            "scrape_samples_scraped",
            "scrape_samples_post_metric_relabeling",
            "scrape_series_added",
            "process_cpu_seconds_total",
            "process_max_fds",
            "process_open_fds",
            "process_resident_memory_bytes",
            "process_start_time_seconds",
            "process_virtual_memory_bytes",
        ),
        TARGET,
    ),
    **dict.fromkeys(
        (
            "python_gc_collections_total",
            "python_gc_objects_collected_total",
            "python_gc_objects_uncollectable_total",
        ),
        TARGET | {"generation"},
    ),
    **dict.fromkeys(("ALERTS", "ALERTS_FOR_STATE", "python_info"), ANY),
}


def wrong_names(query: str) -> list[str]:
    """What a query names and nothing exports, first in each message, with the nearest that is.

    Args:
        query: PromQL; Grafana's variables for intervals, like `$__rate_interval`, may stand in it.

    Raises:
        ValueError: this is not PromQL.
    """
    found: list[str] = []
    _labels(promql.parse(re.sub(r"\$\{?__\w+\}?", "5m", query)), exported(), found)
    return list(dict.fromkeys(found))


@cache
def exported() -> dict[str, frozenset[str]]:
    """The labels of every series that is declared, recorded, or brought by others, by its name."""
    known = {**FOREIGN, **dict(_declared())}
    for rule in rules():
        if not rule.is_alert:
            known[rule.name] = known.get(rule.name, TARGET) | frozenset(rule.labels)
    # A rule may read one of a file that comes later: once more for each level.
    for _ in range(3):
        for rule in rules():
            if not rule.is_alert:
                known[rule.name] |= _labels(promql.parse(rule.query), known, [])
    return known


def _declared() -> Iterator[tuple[str, frozenset[str]]]:
    for metric in (entry.declaration() for entry in catalogue()):
        stem = metric.name.removesuffix("_total")
        labels = ANY if metric.kind == "info" else TARGET | frozenset(metric.label_values)
        labels |= {metric.name} if metric.kind == "enum" else set()
        for suffix in EXPORTED.get(metric.kind, ("",)):
            yield f"{stem}{suffix}", labels | ({"le"} if suffix == "_bucket" else set())


@cache
def closed_values() -> dict[tuple[str, str], frozenset[str]]:
    """The values that a label of a metric may have, where its declaration lists them."""
    known: dict[tuple[str, str], frozenset[str]] = {}
    for metric in (entry.declaration() for entry in catalogue()):
        stem = metric.name.removesuffix("_total")
        for suffix in EXPORTED.get(metric.kind, ("",)):
            for label, values in metric.label_values.items():
                if isinstance(values, Closed):
                    known[f"{stem}{suffix}", label] = values
        if metric.kind == "histogram":
            bounds = frozenset(str(float(bound)) for bound in metric.options["buckets"])
            known[f"{metric.name}_bucket", "le"] = bounds | {"+Inf"}
    return known


def _labels(expression: Any, known: dict[str, frozenset[str]], found: list[str]) -> frozenset[str]:
    """The labels that the result may have; what is wrong on the way is added to `found`."""
    match expression:
        case promql.VectorSelector() | promql.MatrixSelector():
            return _selected(getattr(expression, "vector_selector", expression), known, found)
        case promql.AggregateExpr():
            inner = _labels(expression.expr, known, found)
            return _grouped(expression.modifier, inner, found)
        case promql.BinaryExpr():
            left = _labels(expression.lhs, known, found)
            right = _labels(expression.rhs, known, found)
            return _joined(expression.modifier, left, right, found)
        case promql.Call():
            inner = frozenset[str]().union(*(_labels(one, known, found) for one in expression.args))
            return ANY if expression.func.name in {"label_replace", "label_join", "info"} else inner
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            return _labels(expression.expr, known, found)
    return frozenset()


def _selected(selector: Any, known: dict[str, frozenset[str]], found: list[str]) -> frozenset[str]:
    name, own, of_others = selector.name, own_job(), False
    for matcher in selector.matchers.matchers:
        value = matcher.value if matcher.name in {"job", "service"} else ""
        if value and matcher.op in (promql.MatchOp.Equal, promql.MatchOp.Re):
            of_others |= matcher.name == "job" and not re.fullmatch(value, own)
            if value not in jobs() and get_close_matches(value, {own}, 1, 0.85):
                found.append(f"{value} is no {matcher.name} here: {own}?")
    if name is None or (of_others and (name in FOREIGN or name not in known)):
        return ANY  # what another job exports is not known here
    if name not in known:
        found.append(f"{name} is exported by nothing{_nearest(name, known)}")
        return ANY
    for matcher in selector.matchers.matchers:
        _must_have([matcher.name], known[name], found, name)
        values = closed_values().get((name, matcher.name))
        equal = matcher.op == promql.MatchOp.Equal and matcher.value and "$" not in matcher.value
        if values and equal and matcher.value not in values:
            nearest = _nearest(matcher.value, values)
            found.append(f"{matcher.value} is no {matcher.name} of {name}{nearest}")
    return known[name]


def _grouped(
    modifier: promql.AggModifier | None, inner: frozenset[str], found: list[str]
) -> frozenset[str]:
    if modifier is None:
        return frozenset()
    _must_have(modifier.labels, inner, found)
    by = modifier.type == promql.AggModifierType.By
    return frozenset(modifier.labels) if by else inner - frozenset(modifier.labels)


def _joined(
    modifier: promql.BinModifier | None,
    left: frozenset[str],
    right: frozenset[str],
    found: list[str],
) -> frozenset[str]:
    both = left | right
    if modifier is None or modifier.matching is None:
        return both
    if modifier.matching.type == promql.LabelModifierType.Include:
        _must_have(modifier.matching.labels, both, found)
    return both


def _must_have(
    labels: list[str], known: frozenset[str], found: list[str], name: str = "what is selected"
) -> None:
    if known >= ANY:
        return
    found.extend(
        f"{label} is no label of {name}{_nearest(label, known)}"
        for label in labels
        if label not in known and not label.startswith("__")
    )


def _nearest(name: str, known: Any) -> str:
    near = get_close_matches(name, sorted(known), 1)
    return f": {near[0]}?" if near else ""
