"""The tools of developers: component, lint, locations, show, simulate, settings."""

import argparse
import os
import sys
from collections.abc import Sequence
from pathlib import Path

from {{ cookiecutter.package_name }}.platform.core import (
    ServiceSettings,
    SettingsError,
    load,
)
from {{ cookiecutter.package_name }}.platform.core.components import discover, settings_of
from {{ cookiecutter.package_name }}.platform.health.checks import HealthSettings

from . import lint, locations, pages, settings, show, simulate, skeletons
from .catalogue import catalogue

LOCATIONS = Path("docs/metric-locations")
CONFIGURATION = Path("docs/configuration")
EXAMPLE = Path(".env.example")
RENEW = "make metrics-docs"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one tool and return the exit code: 1 where it found something, 2 for bad arguments."""
    chosen = _parser().parse_args(arguments)
    try:
        code = int(chosen.run(chosen))
        sys.stdout.flush()
    except SettingsError as error:
        print(f"These settings are wrong:\n{error}", file=sys.stderr)
        return 2
    except BrokenPipeError:  # whoever read the output has enough: `make metrics-show | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    return code


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tools", description=__doc__)
    actions = parser.add_subparsers(required=True, metavar="TOOL")
    shown = actions.add_parser(
        "show", help="print the values of the running service, or what is declared"
    )
    shown.add_argument("--url", help="where the metrics are; default: /metrics on HOST and PORT")
    shown.add_argument("--raw", action="store_true", help="print the answer as it is")
    shown.set_defaults(run=_show)
    linted = actions.add_parser("lint", help="check names, units, help, labels and buckets")
    linted.set_defaults(run=_lint)
    for name, run, what in (
        ("locations", _locations, f"where each metric is declared and recorded: {LOCATIONS}"),
        ("settings", _settings, f"the settings: {CONFIGURATION} and {EXAMPLE}"),
    ):
        made = actions.add_parser(name, help=what)
        either = made.add_mutually_exclusive_group(required=True)
        either.add_argument("--write", action="store_true", help="write the pages")
        either.add_argument("--check", action="store_true", help="end with 1 where one is stale")
        made.set_defaults(run=run)
    made = actions.add_parser("component", help="write a new component and its test")
    made.add_argument("name", help="lower case with underscores, like orders")
    made.set_defaults(run=_component)
    simulated = actions.add_parser(
        "simulate", help="drive every declared metric once and print the exposition"
    )
    simulated.add_argument("--serve", type=int, metavar="PORT", help="serve it there instead")
    simulated.add_argument(
        "--seconds", type=float, default=300.0, help="how long to serve; default: %(default)g"
    )
    simulated.set_defaults(run=_simulate)
    return parser


def _show(chosen: argparse.Namespace) -> int:
    url = chosen.url or show.address(load(ServiceSettings))
    try:
        # To the service itself, and nobody else.
        token = "" if chosen.url else load(HealthSettings).operations_token.get_secret_value()
        answer = show.scrape(url, token)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    terminal = sys.stdout.isatty()
    if chosen.raw:
        text = f"No metrics at {url}\n" if answer is None else answer
        print(show.harmless(text) if terminal else text, end="")
        return int(answer is None)
    if answer is None:
        print(f"No metrics at {url}: declared metrics, without values\n")
        rows = show.declared(catalogue())
    else:
        print(f"Values of {url}\n")
        rows = show.values(answer, catalogue())
    for line in show.table(rows, colored=terminal and not os.environ.get("NO_COLOR")):
        print(line)
    return 0


def _locations(chosen: argparse.Namespace) -> int:
    return _pages(LOCATIONS, locations.pages(), write=chosen.write)


def _settings(chosen: argparse.Namespace) -> int:
    owners = settings_of(discover())
    failed = _pages(CONFIGURATION, settings.pages(owners), write=chosen.write)
    example = EXAMPLE.read_text(encoding="utf-8") if EXAMPLE.exists() else ""
    problems = settings.example_problems(example, owners)
    for problem in problems:
        print(f"{EXAMPLE}: {problem}")
    return int(bool(failed or problems))


def _pages(folder: Path, made: dict[str, str], *, write: bool) -> int:
    if write:
        print(*pages.write(folder, made), sep="\n")
        return 0
    stale = pages.stale(folder, made, RENEW)
    for line in stale:
        print(line)
    return int(bool(stale))


def _lint(chosen: argparse.Namespace) -> int:
    entries = catalogue()
    found = [
        *lint.lint(entries),
        *lint.forgotten("{{ cookiecutter.package_name }}", entries),
    ]
    for where, subject, problem in found:
        print(f"{os.path.relpath(where)}: {subject} {problem}")
    if not found:
        print(f"{len(entries)} metrics declared, nothing to change")
    return int(bool(found))


def _component(chosen: argparse.Namespace) -> int:
    package = Path("src") / "{{ cookiecutter.package_name }}"
    taken = {"service", *(component.name for component in discover())}
    try:
        written = skeletons.write(chosen.name, package, Path("tests"), taken)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    print(*(f"wrote {path}" for path in written), sep="\n")
    return 0


def _simulate(chosen: argparse.Namespace) -> int:
    if chosen.serve is None:
        print(simulate.exposition(), end="")
        return 0
    print(f"http://127.0.0.1:{chosen.serve}/metrics for {chosen.seconds:g} seconds", flush=True)
    simulate.serve(chosen.serve, chosen.seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
