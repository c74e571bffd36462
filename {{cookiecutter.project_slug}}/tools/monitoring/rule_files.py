"""The rules of Prometheus and their tests as they stand in the files, each with its line."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

PROMETHEUS = Path("monitoring/prometheus")
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


def tests() -> Iterator[tuple[Path, dict[str, Any]]]:
    """Every test of every file of promtool's tests."""
    for path in sorted(TESTS.glob("*.yaml")):
        for test in read(path)["tests"]:
            yield path, test


def _texts(given: dict[str, Any] | None) -> dict[str, str]:
    return {name: str(value) for name, value in (given or {}).items() if name != LINE}
