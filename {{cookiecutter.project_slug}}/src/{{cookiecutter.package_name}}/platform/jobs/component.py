"""The component of the jobs: their metrics and settings, and the commands that list and run them."""

import argparse
import asyncio
import inspect
import logging
import signal
import sys
from functools import partial
from time import perf_counter

from ..core.components import Component, Job, discover
from ..db.component import prepare as prepare_database
from .delivery import JobsSettings, deliver
from .metrics import JobMetrics
from .tracking import JobFailed, JobRun

log = logging.getLogger(__name__)


def _commands(parsers: "argparse._SubParsersAction[argparse.ArgumentParser]") -> None:
    jobs = [job for component in discover() for job in component.jobs]
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
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # so that it ends as Ctrl-C does
    run = JobRun(job.name, _Progress() if sys.stderr and sys.stderr.isatty() else bool)
    try:
        with run:
            deliver(job.name)
            prepare_database()
            work = job.run(run, arguments)
            if inspect.iscoroutine(work):
                asyncio.run(work)
    except JobFailed as error:
        log.error("%s", error)  # noqa: TRY400 - it says why
    except (KeyboardInterrupt, SystemExit):
        pass  # whoever ended it knows
    except Exception:
        log.exception("job %s raised", job.name)
    deliver(job.name)
    level = logging.INFO if run.outcome == "success" else logging.ERROR
    log.log(level, "job %s: %s, %s, %.2f s", job.name, run.outcome, _items(run), run.seconds)
    return int(run.outcome != "success")


def _items(run: JobRun) -> str:
    return ", ".join(f"{run.counted[one]} {one}" for one in run.counted) or "no items"


class _Progress:
    """Shows the items on a terminal, in one line, at most ten times a second."""

    last = 0.0

    def __call__(self, run: JobRun) -> None:
        if perf_counter() > self.last + 0.1:
            self.last = perf_counter()
            line = f"\r\x1b[K{run.name}: {_items(run)}\r"  # what is logged writes over it
            print(line, end="", file=sys.stderr, flush=True)


component = Component(name="jobs", settings=JobsSettings, metrics=(JobMetrics,), commands=_commands)
