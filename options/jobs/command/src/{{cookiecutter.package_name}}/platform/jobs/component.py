"""The component of the jobs: the commands that list and run them, and how Prometheus is told."""

import argparse
import asyncio
import inspect
import logging
import re
import signal
import sys
from collections.abc import Iterable
from contextlib import suppress
from functools import partial
from importlib import import_module
from pathlib import Path
from time import perf_counter
from types import SimpleNamespace
from typing import Any, NoReturn

from prometheus_client import Metric, pushadd_to_gateway, write_to_textfile
from prometheus_client.parser import text_string_to_metric_families

from ..core.about import about
from ..core.components import Commands, Component, ComponentError, modules
from ..core.config import load
from ..db.component import prepare as prepare_database
from ..metrics import registry
from .metrics import JobMetrics
from .settings import JobsSettings
from .tracking import Job, JobFailed, JobRun

log = logging.getLogger(__name__)

PUSH_SECONDS = 5.0  # how long a gateway may keep a job waiting, at its start and at its end
KEPT = JobMetrics.last_success.name  # from the file of an earlier run; a gateway keeps it itself


def deliver(job: str) -> None:
    """Leave the metrics where JOBS_METRICS says; a failure is logged, and costs the job nothing."""
    target, service = load(JobsSettings).jobs_metrics, about().name
    file = Path(target) / f"{service}-{job}.prom"
    run: Any = SimpleNamespace(collect=partial(_collect, file, {"service": service, "job": job}))
    try:
        if "://" in target:
            pushadd_to_gateway(target, job, run, {"service": service}, timeout=PUSH_SECONDS)
        elif target:
            write_to_textfile(str(file), run)
    except Exception as error:  # noqa: BLE001 - metrics are never in the way
        log.error("the metrics of %s did not get to %s: %r", job, target, error)  # noqa: TRY400 - it says all


def _collect(file: Path, own: dict[str, str]) -> Iterable[Metric]:
    """What this run counted, with labels of its own, by which no two services or jobs clash.

    What ends with the process is left out: gauges whose mode is `live…`, and the metrics of the
    interpreter, of which a node exporter has some itself.
    """
    found = {}
    with suppress(OSError, ValueError):  # there is none yet, or it is none of ours
        before = text_string_to_metric_families(file.read_text(encoding="utf-8"))
        found = {family.name: family for family in before if family.name == KEPT}
    for component, declared, metric in list(registry.active.owners.values()):
        mode = getattr(declared, "options", {}).get("multiprocess_mode", "")
        if mode.startswith("live") and component != JobMetrics.component:
            continue
        for family in metric.collect():
            family.samples = [
                sample._replace(labels={**own, **sample.labels})
                for sample in family.samples
                if sample.labels.get("job") in (None, own["job"])
            ]
            if family.samples:
                found[family.name] = family
    return found.values()


def _jobs() -> list[Job]:
    """Every job; ComponentError if one has no proper name, or two share one."""
    found: dict[str, tuple[str, Job]] = {}
    for module in modules("jobs"):
        jobs = getattr(import_module(module), "JOBS", ())
        if not isinstance(jobs, tuple) or not all(isinstance(one, Job) for one in jobs):
            raise ComponentError(f"{module} must export its jobs, as `JOBS = (Job(…),)`")
        for job in jobs:
            if not re.fullmatch(r"[a-z0-9][a-z0-9_-]*", job.name):  # it is a part of a file's name
                form = "lower case letters, digits, hyphens and underscores, like poll-feeds"
                raise ComponentError(f"{module} names a job {job.name!r}: it must be of {form}")
            twin, other = found.setdefault(job.name, (module, job))
            if other is not job:
                raise ComponentError(
                    f"jobs of {module} and {twin} are both named {job.name!r}: rename one"
                )
    return [job for _, job in found.values()]


def _commands(parsers: Commands) -> None:
    jobs = _jobs()
    summaries = [(inspect.getdoc(job.run) or "").partition("\n")[0] for job in jobs]
    parser = parsers.add_parser("jobs", help="work that no request asks for: list, run")
    actions = parser.add_subparsers(required=True, metavar="ACTION")
    named = "\n".join(f"{job.name:<24}  {text}" for job, text in zip(jobs, summaries, strict=True))
    actions.add_parser("list", help="name every job").set_defaults(run=lambda chosen: print(named))
    run = actions.add_parser("run", help="run a job; the exit code is 0 if it succeeds, else 1")
    names = run.add_subparsers(required=True, metavar="NAME")
    for job, text in zip(jobs, summaries, strict=True):
        one = names.add_parser(job.name, help=text.replace("%", "%%"))
        job.arguments(one)
        one.set_defaults(run=partial(_run, job))


def _run(job: Job, arguments: argparse.Namespace) -> int:
    run = (_ShownRun if sys.stderr and sys.stderr.isatty() else JobRun)(job.name)
    try:
        with suppress(KeyboardInterrupt, SystemExit), run:  # whoever ended it knows
            prepare_database()
            ends = {signal.SIGINT: signal.default_int_handler}  # as asyncio wants it
            for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
                if signal.getsignal(number) is signal.SIG_DFL:
                    signal.signal(number, ends.get(number, _end))  # it is counted
            deliver(job.name)
            _finish(job.run(run, arguments))
    except JobFailed as error:
        log.error("%s", error)  # noqa: TRY400 - it says why
    except BaseException:
        log.exception("job %s raised", job.name)
    with suppress(KeyboardInterrupt):  # a second signal, while a gateway keeps it waiting
        deliver(job.name)
    level = logging.INFO if run.outcome == "success" else logging.ERROR
    log.log(level, "job %s: %s, %s, %.2f s", job.name, run.outcome, _items(run), run.seconds)
    return int(run.outcome != "success")


def _finish(work: object) -> None:
    """Await a coroutine, and write out what was printed: a full disk is a failure of the run."""
    if inspect.iscoroutine(work):
        asyncio.run(work)
    elif inspect.isgenerator(work) or inspect.isasyncgen(work):
        raise JobFailed(f"{work.__name__} has a yield, so nothing of it ran: count instead")
    print(end="", flush=True)


def _end(number: int, frame: object) -> NoReturn:
    """End the run once: a terminal that is closed signals twice."""
    signal.signal(number, signal.SIG_IGN)
    raise KeyboardInterrupt


def _items(run: JobRun) -> str:
    return ", ".join(f"{run.counted[one]} {one}" for one in run.counted) or "no items"


class _ShownRun(JobRun):
    """Shows its items in one line of a terminal, for the log to write over, ten times a second."""

    shown = 0.0

    def count(self, outcome: str, number: int = 1) -> None:
        super().count(outcome, number)
        if perf_counter() > self.shown + 0.1:
            self.shown = perf_counter()
            print(f"\r\x1b[K{self.name}: {_items(self)}\r", end="", file=sys.stderr, flush=True)


component = Component(name="jobs", settings=JobsSettings, metrics=(JobMetrics,), commands=_commands)
