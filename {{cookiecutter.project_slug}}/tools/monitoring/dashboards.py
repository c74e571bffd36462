"""Checks the panels of each component, and that the dashboards are made from them."""

import json
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path

import promql_parser

from ..dashboards import INDEX, MADE, BadSourceError, Panel, dashboards, panels, without_panels
from .findings import Checks, Finding
from .names import wrong_names
from .rule_files import CONFIGURATION, LINE, own_job, read, rules

SOURCE = Path("monitoring/grafana/provisioning/datasources/prometheus.yaml")
# Grafana's ids of units: it takes any other word for a text to show.
UNITS = frozenset(
    "none short percentunit s ms bytes reqps ops cps bool_yes_no dateTimeFromNow".split()  # noqa: SIM905 - one line
)
# What Grafana fills in, and a value that it may have. `$job` stands within quotes.
VARIABLES = {"$__rate_interval": "1m", "$__range": "1h", "$instance": "instance"}
WITHOUT_INTERVAL = re.compile(r"\b(?:rate|irate|increase)\([^[]*\[(?!\$__rate_interval\])")


def filled(query: str) -> str:
    """The query as Grafana sends it; unknown variables stay."""
    values = {**VARIABLES, "$job": own_job()}
    return re.sub(r"\$\w+", lambda found: values.get(found[0], found[0]), query)


def entries() -> Iterator[Finding]:
    """What is wrong with the keys and texts of the panels."""
    try:
        found = panels()
    except BadSourceError as bad:
        yield Finding(bad.path, bad.line, bad.message)
        return
    seen: dict[tuple[str, str, str], Panel] = {}
    for panel in found:
        for problem in _problems(panel):
            yield Finding(panel.path, panel.line, problem)
        place = (panel.dashboard, panel.row, panel.title)
        if (other := seen.setdefault(place, panel)) is not panel:
            yield Finding(
                panel.path,
                panel.line,
                f"a panel in the same row has the title {panel.title!r} too: {other.path}:{other.line}",
            )


def _problems(panel: Panel) -> Iterator[str]:
    if panel.unit not in UNITS:
        yield f"unit must be one of {', '.join(sorted(UNITS))}; got {panel.unit!r}"
    if not panel.description.endswith("."):
        yield f"description must be a sentence, with its full stop; got {panel.description!r}"
    if not panel.queries:
        yield "queries must have one query at least"


def queries() -> Iterator[Finding]:
    """Queries that Prometheus does not take, or that name what nothing exports."""
    with suppress(BadSourceError):  # `entries` tells of it
        for panel in panels():
            for one in panel.queries:
                for problem in _wrong(one):
                    yield Finding(panel.path, one[LINE], f"{panel.title}: {problem}")
    common = read(INDEX)["every"]
    for mark in common["annotations"]["list"]:
        for problem in _wrong({"query": mark["expr"], "legend": mark["textFormat"]}):
            yield Finding(INDEX, mark[LINE], f"{mark['name']}: {problem}")
    for variable in common["templating"]["list"]:
        if variable["type"] == "query":
            selector = variable["query"]["query"].removeprefix("label_values(").rpartition(",")[0]
            for problem in wrong_names(filled(selector)):
                yield Finding(INDEX, variable[LINE], f"variable {variable['name']}: {problem}")


def _wrong(one: dict[str, str]) -> Iterator[str]:
    if missing := {"query", "legend"} - one.keys():
        yield f"{' and '.join(sorted(missing))} missing"
        return
    query = filled(one["query"])
    if "$" in query:
        yield f"{query[query.index('$') :].split()[0]} is no variable of the dashboards"
        return
    if WITHOUT_INTERVAL.search(one["query"]):
        yield "rate and increase look back over [$__rate_interval], which fits the scrape interval"
    try:
        promql_parser.parse(query)
    except ValueError as error:
        yield f"Prometheus does not take it: {error}"
        return
    yield from wrong_names(query)


def current() -> Iterator[Finding]:
    """Dashboards that are not what `make dashboards` writes."""
    try:
        made = dashboards()
    except BadSourceError:  # `entries` tells of it
        return
    for path, text in made.items():
        there = path.read_text(encoding="utf-8") if path.exists() else ""
        if there != text:
            pairs = enumerate(zip_longest(there.splitlines(), text.splitlines()), 1)
            line = next((number for number, (is_, should) in pairs if is_ != should), 1)
            yield Finding(path, line, "is not what the panels say: run `make dashboards`")
    for path in without_panels(made):
        yield Finding(path, 1, "no panel is on it: delete it, or run `make dashboards`")


def links() -> Iterator[Finding]:
    """Alerts whose annotation `dashboard` leads to none."""
    files = sorted(MADE.glob("*.json"))
    uids = [json.loads(path.read_text(encoding="utf-8")).get("uid", "") for path in files]
    for rule in rules():
        uid = rule.annotations.get("dashboard", "").rpartition("/d/")[2]
        if rule.is_alert and uid not in uids:
            problem = f"no dashboard is {uid!r}, link one of {', '.join(uids)}"
            yield Finding(rule.path, rule.line, f"{rule.name}: {problem}")


def source() -> Iterator[Finding]:
    """A data source whose scrape interval is not that of Prometheus."""
    interval = read(CONFIGURATION)["global"]["scrape_interval"]
    for one in read(SOURCE)["datasources"]:
        settings = one["jsonData"]
        if settings["timeInterval"] != interval:
            right = f"{interval}, the scrape_interval of {CONFIGURATION}"
            yield Finding(SOURCE, settings[LINE], f"timeInterval must be {right}")


CHECKS: Checks = {
    "Grafana: panels": entries,
    "Grafana: names in the panels": queries,
    "Grafana: dashboards": current,
    "Grafana: links of the alerts": links,
    "Grafana: data source": source,
}
