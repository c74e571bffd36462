"""The rules of Prometheus, and what it scrapes, as they stand in the files, each with its line."""

import re
from collections import Counter
from functools import cache
from pathlib import Path
from typing import Any

from .documents import Entry, read

PROMETHEUS = Path("monitoring/prometheus")
CONFIGURATION = PROMETHEUS / "prometheus.yaml"
RULES = PROMETHEUS / "rules"
TESTS = PROMETHEUS / "tests"
NUMBER = re.compile(r"-?\d+(?:\.\d*)?(?:e[+-]?\d+)?")


class Rule:
    """A rule: the series that it records, or the alert that it raises; `entry` has its place."""

    def __init__(self, entry: Entry) -> None:
        self.entry, self.path, self.line = entry, entry.path, entry.line
        self.is_alert = "alert" in entry
        self.name: str = entry.get("alert") or entry["record"]
        self.query = str(entry["expr"])
        self.constant = float(self.query) if NUMBER.fullmatch(self.query) else None
        self.labels = _texts(entry.get("labels"))
        self.annotations = _texts(entry.get("annotations"))  # templates are not expanded


@cache
def rules() -> list[Rule]:
    """Every rule of every file, in their order."""
    files = map(read, sorted(RULES.glob("*.yaml")))
    return [Rule(one) for file in files for group in file["groups"] for one in group["rules"]]


@cache
def own_job() -> str:
    """The `job` of the service: that of most objectives and thresholds."""
    jobs = Counter(rule.labels["job"] for rule in rules() if "job" in rule.labels)
    return next((job for job, _ in jobs.most_common(1)), "")


def scrapes() -> list[Entry]:
    """The scrape jobs of Prometheus."""
    jobs: list[Entry] = read(CONFIGURATION)["scrape_configs"]
    return jobs


def own_scrapes() -> list[Entry]:
    """Those of the service."""
    return [job for job in scrapes() if job["job_name"] == own_job()]


def jobs() -> list[str]:
    """Each job that Prometheus may know, the service's own first."""
    return [own_job(), *(job["job_name"] for job in scrapes())]


def _texts(given: dict[str, Any] | None) -> dict[str, str]:
    return {name: str(value) for name, value in (given or {}).items()}
