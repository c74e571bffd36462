"""The command `metrics`: show, locations, lint and simulate."""

import argparse
import os
import sys
from pathlib import Path

from ...core import pages
from ...core.config import ServiceSettings, load
from .. import exposition
from . import lint, locations, show, simulate
from .catalogue import catalogue

FOLDER = Path("docs/metric-locations")
RENEW = "make metrics-docs"


def add(parsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    """Add the command to the command line."""
    metrics = parsers.add_parser("metrics", help="the metrics: show, locations, lint, simulate")
    actions = metrics.add_subparsers(required=True, metavar="ACTION")
    shown = actions.add_parser(
        "show", help="print the values of the running service, or what is declared"
    )
    shown.add_argument("--url", help="where the metrics are; default: /metrics on HOST and PORT")
    shown.add_argument("--raw", action="store_true", help="print the answer as it is")
    shown.set_defaults(run=_show)
    located = actions.add_parser(
        "locations", help="print where each metric is declared and recorded"
    )
    either = located.add_mutually_exclusive_group()
    either.add_argument("--write", action="store_true", help=f"write the pages in {FOLDER}")
    either.add_argument("--check", action="store_true", help="end with 1 where a page is stale")
    located.set_defaults(run=_locations)
    linted = actions.add_parser("lint", help="check names, units, help, labels and buckets")
    linted.set_defaults(run=_lint)
    simulated = actions.add_parser(
        "simulate", help="drive every declared metric once and print the exposition"
    )
    simulated.add_argument("--serve", type=int, metavar="PORT", help="serve it there instead")
    simulated.add_argument(
        "--seconds", type=float, default=300.0, help="how long to serve; default: %(default)g"
    )
    simulated.set_defaults(run=_simulate)


def _show(chosen: argparse.Namespace) -> int:
    url = chosen.url or show.address(load(ServiceSettings))
    try:
        answer = show.scrape(url)
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    if chosen.raw:
        print(f"No metrics at {url}\n" if answer is None else answer, end="")
        return int(answer is None)
    if answer is None:
        print(f"No metrics at {url}: declared metrics, without values\n")
        rows = show.declared(catalogue())
    else:
        print(f"Values of {url}\n")
        rows = show.values(answer, catalogue())
    colored = sys.stdout.isatty() and not os.environ.get("NO_COLOR")
    print(*show.table(rows, colored=colored), sep="\n")
    return 0


def _locations(chosen: argparse.Namespace) -> int:
    located = locations.locate()
    if chosen.check:
        stale = pages.stale(FOLDER, locations.pages(located), RENEW)
        for line in stale:
            print(line)
        return int(bool(stale))
    made = pages.write(FOLDER, locations.pages(located)) if chosen.write else None
    for line in made or locations.lines(located):
        print(line)
    for place in locations.read().unfollowed():
        print(
            f"{place.path}:{place.line}: {place.symbol} records a metric, the source does not tell "
            "which one: take it from get_metrics() there, or annotate it with its group",
            file=sys.stderr,
        )
    return 0


def _lint(chosen: argparse.Namespace) -> int:
    entries = catalogue()
    found = [*lint.lint(entries), *lint.forgotten(__package__.partition(".")[0], entries)]
    for where, subject, problem in found:
        print(f"{os.path.relpath(where)}: {subject} {problem}")
    if not found:
        print(f"{len(entries)} metrics declared, nothing to change")
    return int(bool(found))


def _simulate(chosen: argparse.Namespace) -> int:
    if chosen.serve is None:
        simulate.drive()
        print(exposition.render(None)[0].decode(), end="")
        return 0
    print(f"http://127.0.0.1:{chosen.serve}/metrics for {chosen.seconds:g} seconds", flush=True)
    simulate.serve(chosen.serve, chosen.seconds)
    return 0
