"""Checks the panels of each component, and that the dashboards are made from them."""

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from itertools import zip_longest
from pathlib import Path

from ..dashboards import INDEX, MADE, BadSourceError, dashboards, panels, without_panels
from .documents import read
from .findings import Finding, Findings, wrong
from .names import wrong_names
from .rule_files import CONFIGURATION, own_job, rules

SOURCE = Path("monitoring/grafana/provisioning/datasources/prometheus.yaml")
# What Grafana fills in, and a value that it may have. `$job` stands within quotes.
VARIABLES = {"$__rate_interval": "1m", "$__range": "1h", "$instance": "instance"}
WITHOUT_INTERVAL = re.compile(r"\b(?:rate|irate|increase)\([^[]*\[(?!\$__rate_interval\])")


def check_names_in_the_panels() -> Findings:
    """Queries that Prometheus does not take, or that name what nothing exports."""
    with suppress(BadSourceError):  # `check_dashboards` tells of it
        for panel in panels():
            for one in panel.queries:
                yield from (wrong(one, f"{panel.title}: {problem}") for problem in _wrong(one))
    common = read(INDEX)["every"]
    for mark in common["annotations"]["list"]:
        for problem in _wrong({"query": mark["expr"], "legend": mark["textFormat"]}):
            yield wrong(mark, f"{mark['name']}: {problem}")
    for variable in common["templating"]["list"]:
        if variable["type"] == "query":
            selector = variable["query"]["query"].removeprefix("label_values(").rpartition(",")[0]
            for problem in wrong_names(filled(selector)):
                yield wrong(variable, f"variable {variable['name']}: {problem}")


def filled(query: str) -> str:
    """The query as Grafana sends it; unknown variables stay."""
    values = {**VARIABLES, "$job": own_job()}
    return re.sub(r"\$\w+", lambda found: values.get(found[0], found[0]), query)


def _wrong(one: Mapping[str, str]) -> Iterator[str]:
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
        yield from wrong_names(query)
    except ValueError as error:
        yield f"Prometheus does not take it: {error}"


def check_dashboards() -> Findings:
    """Panels from which none can be made, and dashboards that are not what `make dashboards` writes."""
    try:
        made = dashboards()
    except BadSourceError as bad:
        yield Finding(bad.path, bad.line, bad.message)
        return
    for path, text in made.items():
        there = path.read_text(encoding="utf-8") if path.exists() else ""
        if there != text:
            pairs = enumerate(zip_longest(there.splitlines(), text.splitlines()), 1)
            line = next((number for number, (is_, should) in pairs if is_ != should), 1)
            yield Finding(path, line, "is not what the panels say: run `make dashboards`")
    for path in without_panels(made):
        yield Finding(path, 1, "no panel is on it: delete it, or run `make dashboards`")


def check_links_of_the_alerts() -> Findings:
    """Alerts whose annotation `dashboard` leads to none."""
    files = sorted(MADE.glob("*.json"))
    uids = [json.loads(path.read_text(encoding="utf-8")).get("uid", "") for path in files]
    for rule in rules():
        uid = rule.annotations.get("dashboard", "").rpartition("/d/")[2]
        if rule.is_alert and uid not in uids:
            right = f"no dashboard is {uid!r}, link one of {', '.join(uids)}"
            yield wrong(rule.entry, f"{rule.name}: {right}")


def check_data_source() -> Findings:
    """A data source whose scrape interval is not that of Prometheus, or that no dashboard opens."""
    sources, variables = read(SOURCE)["datasources"], read(INDEX)["every"]["templating"]["list"]
    opened = [one["current"]["value"] for one in variables if one["type"] == "datasource"]
    own = [one for one in sources if one.get("uid") in opened]
    if not own:
        right = f"uid must be {opened[0]}, which the dashboards open: {INDEX}"
        yield wrong(sources[0].at("uid"), right)
    interval = read(CONFIGURATION)["global"]["scrape_interval"]
    for settings in (one.get("jsonData", one) for one in own):
        if settings.get("timeInterval") != interval:
            right = f"{interval}, the scrape_interval of {CONFIGURATION}"
            yield wrong(settings.at("timeInterval"), f"timeInterval must be {right}")
