"""Runs every check of the monitoring files: `python -m tools.monitoring`, with `--help`."""

import argparse
import importlib
import os
import pkgutil
import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

from . import __name__ as package
from . import __path__ as folders
from .findings import Checks, NotHere

COLORS = {"ok": 32, "findings": 31, "skipped": 33}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the checks and return the exit code: 1 where one found something."""
    parser = argparse.ArgumentParser(prog="python -m tools.monitoring", description=__doc__)
    parser.add_argument(
        "words", nargs="*", metavar="WORD", help="run the checks whose name has one; default: all"
    )
    parser.add_argument(
        "--strict",
        action="store_true",
        default=bool(os.environ.get("CI")),
        help="a check that cannot run here is a finding; the default where CI is set",
    )
    chosen = parser.parse_args(arguments)
    checks = {
        name: check
        for name, check in _checks().items()
        if not chosen.words or any(word.lower() in name.lower() for word in chosen.words)
    }
    widest = max(map(len, checks), default=0)
    failed = False
    for name, check in checks.items():
        try:
            found = [str(one) for one in sorted(set(check()))]
            outcome, detail = ("findings", str(len(found))) if found else ("ok", "")
        except NotHere as missing:
            found = []
            outcome, detail = "skipped", str(missing)
        except Exception as error:  # noqa: BLE001 - the other checks have their say too
            frames = traceback.extract_tb(error.__traceback__)
            at = [one for one in frames if Path(one.filename).parent == Path(__file__).parent][-1]
            where = f"{Path(at.filename).name}:{at.lineno}"
            found = [f"cannot read what is there: {type(error).__name__}: {error} ({where})"]
            outcome, detail = "findings", "1"
        failed |= bool(found) or (outcome == "skipped" and chosen.strict)
        ended = f"{_colored(outcome)}: {detail}" if detail else _colored(outcome)
        print(f"{name:<{widest}}  {ended}", flush=True)
        print(*(f"  {line}" for line in found), sep="\n", end="\n" if found else "")
    return int(failed)


def _checks() -> Checks:
    """The checks of every module beside this one, in the order of the modules' names."""
    known: Checks = {}
    for module in pkgutil.iter_modules(folders):
        if module.name != "__main__":
            known |= getattr(importlib.import_module(f"{package}.{module.name}"), "CHECKS", {})
    return known


def _colored(outcome: str) -> str:
    if sys.stdout.isatty() and not os.environ.get("NO_COLOR"):
        return f"\033[{COLORS[outcome]}m{outcome}\033[0m"
    return outcome


if __name__ == "__main__":
    sys.exit(main())
