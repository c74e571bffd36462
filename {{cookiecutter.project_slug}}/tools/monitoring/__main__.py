"""Runs every check of the monitoring files: `python -m tools.monitoring`, with `--help`."""

import argparse
import importlib
import os
import pkgutil
import sys
import traceback
from collections.abc import Callable, Sequence
from pathlib import Path

from . import __name__ as package
from . import __path__ as folders
from .findings import Findings, NotHere

COLORS = {"ok": 32, "findings": 31, "skipped": 33}


def checks() -> dict[str, Callable[[], Findings]]:
    """Each function `check_…` of the modules beside this one, which runs in the project's root."""
    modules = sorted({one.name for one in pkgutil.iter_modules(folders)} - {"__main__"})
    return {
        f"{module.capitalize()}: {name.removeprefix('check_').replace('_', ' ')}": function
        for module in modules
        for name, function in vars(importlib.import_module(f"{package}.{module}")).items()
        if name.startswith("check_")
    }


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the checks and return the exit code: 1 where one found something."""
    parser = argparse.ArgumentParser(prog="python -m tools.monitoring", description=__doc__)
    only, in_ci = "run the checks whose name has one; default: all", bool(os.environ.get("CI"))
    parser.add_argument("words", nargs="*", metavar="WORD", help=only)
    strict = "a check that cannot run here is a finding; the default where CI is set"
    parser.add_argument("--strict", action="store_true", default=in_ci, help=strict)
    chosen = parser.parse_args(arguments)
    known, words = checks(), [word.lower() for word in chosen.words] or [""]
    for word in words:
        if not any(word in name.lower() for name in known):
            parser.error(f"no check has {word!r} in its name: there are {', '.join(known)}")
    known = {name: known[name] for name in known if any(word in name.lower() for word in words)}
    widest = max(map(len, known))
    in_color = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    failed = False
    for name, check in known.items():
        outcome, detail, found = _outcome(check)
        failed |= bool(found) or (outcome == "skipped" and chosen.strict)
        shown = f"\033[{COLORS[outcome]}m{outcome}\033[0m" if in_color else outcome
        print(f"{name:<{widest}}  {shown}{detail}", flush=True)
        print(*(f"  {line}\n" for line in found), sep="", end="")
    return int(failed)


def _outcome(check: Callable[[], Findings]) -> tuple[str, str, list[str]]:
    """How a check ended, a detail of that, and what it found."""
    try:
        found = [str(one) for one in sorted(set(check()))]
    except NotHere as missing:
        return "skipped", f": {missing}", []
    except Exception as error:  # noqa: BLE001 - the other checks have their say too
        frames = traceback.extract_tb(error.__traceback__)
        at = [one for one in frames if Path(one.filename).parent == Path(__file__).parent][-1]
        where = f"{Path(at.filename).name}:{at.lineno}"
        found = [f"cannot read what is there: {type(error).__name__}: {error} ({where})"]
    return ("findings", f": {len(found)}", found) if found else ("ok", "", [])


if __name__ == "__main__":
    sys.exit(main())
