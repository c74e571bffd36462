"""The rules of Prometheus and their tests as they stand in the files, each with its line."""

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import yaml

PROMETHEUS = Path("monitoring/prometheus")
CONFIGURATION = PROMETHEUS / "prometheus.yaml"
RULES = PROMETHEUS / "rules"
TESTS = PROMETHEUS / "tests"
LINE = "__line__"


@dataclass(frozen=True)
class Rule:
    """A rule: what it records, or the alert that it raises.

    Attributes:
        path: its file.
        line: where it begins.
        is_alert: whether `name` is that of an alert, else of a series.
        name: of the alert or the series.
        query: the expression in PromQL.
        labels: what it adds.
        annotations: of an alert; templates are not expanded.
    """

    path: Path
    line: int
    is_alert: bool
    name: str
    query: str
    labels: dict[str, str]
    annotations: dict[str, str]

    @property
    def constant(self) -> float | None:
        """The number that it is, if its query is one."""
        with suppress(ValueError):
            return float(self.query)
        return None


class _Lines(yaml.SafeLoader):
    """Notes in each mapping the line where it begins."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:  # noqa: FBT001, FBT002 - as it is called
        return {**super().construct_mapping(node, deep=deep), LINE: node.start_mark.line + 1}


def read(path: Path) -> Any:
    """A file of YAML, with the line of each mapping as its `__line__`."""
    return yaml.load(path.read_text(encoding="utf-8"), _Lines)  # noqa: S506 - derives from the safe one


def rules() -> list[Rule]:
    """Every rule of every file, in their order."""
    return [
        Rule(
            path,
            one[LINE],
            "alert" in one,
            one.get("alert") or one["record"],
            str(one["expr"]),
            _texts(one.get("labels")),
            _texts(one.get("annotations")),
        )
        for path in sorted(RULES.glob("*.yaml"))
        for group in read(path)["groups"]
        for one in group["rules"]
    ]


@cache
def own_job() -> str:
    """The `job` of the service: that of most objectives and thresholds."""
    jobs = Counter(rule.labels["job"] for rule in rules() if "job" in rule.labels)
    return next((job for job, _ in jobs.most_common(1)), "")


def scrapes() -> list[dict[str, Any]]:
    """The scrape jobs of Prometheus."""
    jobs: list[dict[str, Any]] = read(CONFIGURATION)["scrape_configs"]
    return jobs


def jobs() -> list[str]:
    """Each job that Prometheus may know, the service's own first."""
    return [own_job(), *(job["job_name"] for job in scrapes())]


def tests() -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every test of every file of promtool's tests."""
    for path in sorted(TESTS.glob("*.yaml")):
        for test in read(path)["tests"]:
            yield path, test


def _texts(given: dict[str, Any] | None) -> dict[str, str]:
    return {name: str(value) for name, value in (given or {}).items() if name != LINE}
