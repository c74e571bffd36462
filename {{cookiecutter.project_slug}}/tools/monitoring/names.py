"""Finds names of metrics and labels in PromQL that nothing exports."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from functools import cache
from typing import Any

import promql_parser as promql

from ..catalogue import catalogue
from ..lint import EXPORTED
from .rule_files import jobs, own_job, rules

# Whoever scrapes adds the first two; `service` is on what jobs deliver.
TARGET = frozenset({"job", "instance", "service"})
# Labels that nobody here knows: those of `info` metrics are their values.
ANY = frozenset({"*"})
# What Prometheus and prometheus_client bring, by the labels that it has besides.
SCRAPE = "up scrape_duration_seconds scrape_samples_scraped scrape_series_added"
SCRAPE += " scrape_samples_post_metric_relabeling"
PROCESS = "cpu_seconds_total max_fds open_fds resident_memory_bytes start_time_seconds"
PROCESS += " virtual_memory_bytes"
COLLECTOR = "collections_total objects_collected_total objects_uncollectable_total"
FOREIGN: dict[str, frozenset[str]] = {
    **dict.fromkeys(SCRAPE.split(), TARGET),
    **{f"process_{name}": TARGET for name in PROCESS.split()},
    **{f"python_gc_{name}": TARGET | {"generation"} for name in COLLECTOR.split()},
    **dict.fromkeys(("ALERTS", "ALERTS_FOR_STATE", "python_info"), ANY),
}
Series = dict[str, frozenset[str]]  # the labels of each by its name


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
def exported() -> Series:
    """The labels of every series that is declared, recorded, or brought by others."""
    known = {**FOREIGN, **{name: frozenset(labels) for name, labels in _declared().items()}}
    recorded = [rule for rule in rules() if not rule.is_alert]
    for rule in recorded:
        known[rule.name] = known.get(rule.name, TARGET) | frozenset(rule.labels)
    # A rule may read one of a file that comes later: once more for each level.
    for rule in 3 * recorded:
        known[rule.name] |= _labels(promql.parse(rule.query), known, [])
    return known


@cache
def _declared() -> dict[str, dict[str, frozenset[str]]]:
    """The labels of each declared series, and the values that they may have; none where any."""
    known = {}
    for metric in (entry.declaration() for entry in catalogue()):
        stem, none = metric.name.removesuffix("_total"), frozenset[str]()
        given = metric.label_values.items()
        labels = {
            **dict.fromkeys(ANY if metric.kind == "info" else TARGET, none),
            **{label: values if isinstance(values, frozenset) else none for label, values in given},
            **({metric.name: none} if metric.kind == "enum" else {}),
        }
        for suffix in EXPORTED.get(metric.kind, ("",)):
            known[f"{stem}{suffix}"] = labels
        if metric.kind == "histogram":
            bounds = {str(float(bound)) for bound in metric.options["buckets"]}
            known[f"{stem}_bucket"] = labels | {"le": frozenset(bounds | {"+Inf"})}
    return known


def buckets() -> frozenset[str]:
    """The bounds of all histograms, as their label has them."""
    return frozenset[str]().union(*(labels.get("le", ()) for labels in _declared().values()))


def _labels(expression: Any, known: Series, found: list[str]) -> frozenset[str]:
    """The labels that the result may have; what is wrong on the way is added to `found`."""
    match expression:
        case promql.VectorSelector() | promql.MatrixSelector():
            return _selected(getattr(expression, "vector_selector", expression), known, found)
        case promql.AggregateExpr():
            inner, modifier = _labels(expression.expr, known, found), expression.modifier
            named = frozenset(modifier.labels if modifier else ())
            found += _missing(named, inner)
            by = modifier is None or modifier.type == promql.AggModifierType.By
            return named if by else inner - named
        case promql.BinaryExpr():
            both = _labels(expression.lhs, known, found) | _labels(expression.rhs, known, found)
            matching = expression.modifier and expression.modifier.matching
            if matching and matching.type == promql.LabelModifierType.Include:
                found += _missing(matching.labels, both)
            return both
        case promql.Call():
            inner = frozenset[str]().union(*(_labels(one, known, found) for one in expression.args))
            return ANY if expression.func.name in {"label_replace", "label_join", "info"} else inner
        case promql.ParenExpr() | promql.UnaryExpr() | promql.SubqueryExpr():
            return _labels(expression.expr, known, found)
    return frozenset()


def _selected(selector: Any, known: Series, found: list[str]) -> frozenset[str]:
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
        found += _missing([matcher.name], known[name], name)
        values = _declared().get(name, {}).get(matcher.name)
        equal = matcher.op == promql.MatchOp.Equal and matcher.value and "$" not in matcher.value
        if values and equal and matcher.value not in values:
            nearest = _nearest(matcher.value, values)
            found.append(f"{matcher.value} is no {matcher.name} of {name}{nearest}")
    return known[name]


def _missing(
    labels: Iterable[str], known: frozenset[str], of: str = "what is selected"
) -> list[str]:
    asked = () if known >= ANY else (one for one in labels if not one.startswith("__"))
    return [f"{one} is no label of {of}{_nearest(one, known)}" for one in asked if one not in known]


def _nearest(name: str, known: Any) -> str:
    near = get_close_matches(name, sorted(known), 1)
    return f": {near[0]}?" if near else ""
