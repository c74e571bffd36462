"""Writes the Grafana dashboards from the panels of each component: `python -m tools.dashboards`."""

import json
import sys
from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from string import ascii_uppercase
from typing import Any

import yaml

from .monitoring.documents import Entry, read

INDEX = Path("monitoring/grafana/dashboards.yaml")
SOURCES = Path("monitoring/grafana/panels")
MADE = Path("monitoring/grafana/dashboards")
WIDTH = 24  # of a dashboard, in the units of Grafana's grid


@dataclass(frozen=True, kw_only=True)
class Panel:
    """An entry of a component's file; docs/monitoring.md says what each key means.

    Attributes:
        path: the file.
        line: where the entry begins in it, from 1.
    """

    path: Path
    line: int
    dashboard: str
    row: str
    title: str
    description: str
    unit: str
    queries: list[Entry]
    kind: str = "lines"
    thresholds: dict[str, float | None] = field(default_factory=lambda: {"green": None})

    @property
    def place(self) -> tuple[str, str, str]:
        """Where it is looked for."""
        return (self.dashboard, self.row, self.title)


class BadSourceError(Exception):
    """An entry from which no panel can be made: where it is, and what would be right."""

    def __init__(self, path: Path, line: int, message: str) -> None:
        super().__init__(f"{path}:{line}: {message}")
        self.path, self.line, self.message = path, line, message


def panels() -> list[Panel]:
    """The panels of all components, in the order of the files' names.

    Raises:
        BadSourceError: an entry cannot be read, lacks a key, or has one that no panel has.
    """
    index = read(INDEX)
    found: list[Panel] = []
    for path in sorted(SOURCES.glob("*.yaml")):
        try:
            entries = read(path)
        except yaml.MarkedYAMLError as error:
            line = error.problem_mark.line + 1 if error.problem_mark else 1
            raise BadSourceError(path, line, str(error.problem)) from None
        for entry in entries:
            try:
                panel = Panel(path=path, line=entry.line, **entry)
            except TypeError as error:
                raise BadSourceError(path, entry.line, str(error).partition("() ")[2]) from None
            for problem in _problems(panel, index, found):
                raise BadSourceError(path, panel.line, problem)
            found.append(panel)
    return found


def _problems(panel: Panel, index: dict[str, Any], others: list[Panel]) -> Iterator[str]:
    for key in ("dashboard", "kind", "unit"):
        if (given := getattr(panel, key)) not in index[f"{key}s"]:
            yield f"{key} must be one of {', '.join(index[f'{key}s'])}; got {given!r}"
    if not panel.description.endswith("."):
        yield f"description must be a sentence, with its full stop; got {panel.description!r}"
    if not panel.queries:
        yield "queries must have one query at least"
    for other in (one for one in others if one.place == panel.place):
        also = f"{other.path}:{other.line}"
        yield f"a panel in the same row has the title {panel.title!r} too: {also}"


def dashboards() -> dict[Path, str]:
    """The text of each dashboard's file; one without panels has none.

    Raises:
        BadSourceError: as `panels`.
    """
    index, everything = read(INDEX), panels()
    texts = {}
    for name, about in index["dashboards"].items():
        mine = [panel for panel in everything if panel.dashboard == name]
        placed = enumerate(_placed(about["rows"], mine, index["kinds"]), 1)
        made = {
            **{key: value for key, value in about.items() if key != "rows"},
            **index["every"],
            "panels": [{"id": number, **one} for number, one in placed],
        }
        if mine:
            texts[MADE / f"{name}.json"] = json.dumps(made, indent=2, ensure_ascii=False) + "\n"
    return texts


def _placed(first: list[str], mine: list[Panel], kinds: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The rows, with the figures of each above its graphs; rows that nobody ordered come last."""
    y = 0
    for row in (*first, *sorted({panel.row for panel in mine} - set(first))):
        inside = [panel for panel in mine if panel.row == row]
        if inside:
            place = {"x": 0, "y": y, "w": WIDTH, "h": 1}
            yield {"type": "row", "title": row, "collapsed": False, "gridPos": place}
            y += 1
        figures = [panel for panel in inside if panel.kind == "figure"]
        graphs = [panel for panel in inside if panel.kind != "figure"]
        columns = 2 if len(graphs) in (2, 4) else 3
        for some, most, height in ((figures, 6, 4), (graphs, columns, 8)):
            across = min(most, len(some))
            for number, panel in enumerate(some):
                below, beside = divmod(number, across)
                left, right = beside * WIDTH // across, (beside + 1) * WIDTH // across
                place = {"x": left, "y": y + below * height, "w": right - left, "h": height}
                yield {**_panel(panel, kinds[panel.kind]), "gridPos": place}
            y += -(-len(some) // most) * height


def _panel(panel: Panel, kind: dict[str, Any]) -> dict[str, Any]:
    steps = [{"color": color, "value": value} for color, value in panel.thresholds.items()]
    limits = {"unit": panel.unit, "thresholds": {"mode": "absolute", "steps": steps}}
    return {
        "title": panel.title,
        "description": panel.description,
        "datasource": {"type": "prometheus", "uid": "${datasource}"},
        "type": kind["type"],
        "options": kind["options"],
        "fieldConfig": {"defaults": {**limits, **kind["defaults"]}, "overrides": []},
        "targets": [
            {"refId": letter, "expr": one["query"], "legendFormat": one["legend"]}
            for letter, one in zip(ascii_uppercase, panel.queries, strict=False)
        ],
    }


def without_panels(made: Collection[Path]) -> list[Path]:
    """The files of dashboards that have no panel any more; one that INDEX does not list is the team's."""
    files = (MADE / f"{name}.json" for name in read(INDEX)["dashboards"])
    return [path for path in files if path.exists() and path not in made]


def write() -> list[str]:
    """Write the dashboards, remove those without panels, and return what was done.

    Raises:
        BadSourceError: as `panels`; nothing was written.
    """
    made, done = dashboards(), []
    MADE.mkdir(exist_ok=True)
    for path, text in made.items():
        if not path.exists() or path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")
            done.append(f"wrote {path}")
    for path in without_panels(made):
        path.unlink()
        done.append(f"removed {path}")
    return done or [f"{MADE} is up to date"]


if __name__ == "__main__":
    try:
        print(*write(), sep="\n")
    except BadSourceError as bad:
        sys.exit(str(bad))
