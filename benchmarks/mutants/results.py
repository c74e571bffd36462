"""What became of each change: kept in a file while they are tried, and shown as a table at the end."""

import json
from collections import Counter, defaultdict
from pathlib import Path, PurePath
from threading import Lock
from typing import Any

NOTICED = ("killed", "timed out")
ENDS = (*NOTICED, "survived", "untried")
ASIDE = {
    "texts": "in what is raised or logged, in help texts and descriptions",
    "types": "read by type checkers only",
    "signals": "would signal processes that are not the tests' own",
}


class Results:
    """How each change ended, by its name; an interrupted run goes on with what the file has."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._lock = Lock()
        lines = file.read_text(encoding="utf-8").splitlines() if file.exists() else []
        self.ended: dict[str, str] = {name: ended for name, ended, _ in map(json.loads, lines)}

    def add(self, name: str, ended: str, at: str) -> None:
        """Keep one, with the test that noticed it."""
        with self._lock, self._file.open("a", encoding="utf-8") as file:
            print(json.dumps([name, ended, at]), file=file)
            self.ended[name] = ended

    def of(self, change: dict[str, Any]) -> str:
        """Say how a change ended."""
        return self.ended.get(change["name"], "untried")


def report(changes: list[dict[str, Any]], results: Results) -> float:
    """Print the survivors and a table, and return how many percent were noticed."""
    counted = [change for change in changes if not change["aside"]]
    rows: dict[str, Counter[str]] = defaultdict(Counter)
    for change in counted:
        ended = results.of(change)
        folders = [f"all of {folder}/" for folder in PurePath(change["module"]).parents if folder.name]
        for name in (change["module"], *folders, "all"):
            rows[name][ended] += 1
        if ended == "survived":
            print(f"\n{change['module']}.py:{change['line']} {change['within']}", *change["diff"], sep="\n  ")
    print(f"\n| module | changes | {' | '.join(ENDS)} | noticed |\n|---|{'---:|' * (len(ENDS) + 2)}")
    for name in sorted(rows, key=lambda name: (name == "all", name.startswith("all"), name)):
        row = rows[name]
        print(f"| {name} | {row.total()} | {' | '.join(str(row[end]) for end in ENDS)} | {noticed(row):.1f} % |")
    aside = Counter(change["aside"] for change in changes if change["aside"])
    print("\nset aside:", "; ".join(f"{count} {ASIDE[reason]}" for reason, count in aside.items()) or "none")
    return noticed(rows["all"])


def noticed(row: Counter[str]) -> float:
    """Return how many percent of the changes that were tried were noticed."""
    return 100 * sum(row[end] for end in NOTICED) / max(1, row.total() - row["untried"])
