"""The two type checkers that people use agree on what a bound group holds, and refuse what would fail."""

import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from bakery import Answers, Bakery, Project, environment

# What `shows` names, a checker is to reveal; a line that ends in `wrong` is to be an error.
USE = """
from prometheus_client import Metric
from example_service.platform.metrics import (
    Counter, Enum, Gauge, Histogram, Info, MetricGroup, Summary,
    bound, bounded_by, closed, getter, is_component_registered, limited,
    safe_metrics_operation, safe_register, unregister,
)

KIND = {"kind": closed("mail", "report")}

class Jobs(MetricGroup, component="jobs"):
    done = Counter("jobs_total", "Jobs.", {"kind": limited(5)})
    running = Gauge("jobs_running", "Jobs.", KIND, multiprocess="livesum")
    took = Histogram("job_duration_seconds", "Time.", labels={"queue": bounded_by("the queues")})
    size = Summary("job_size_bytes", "Size.")
    build = Info("job_build", "Build.")
    mood = Enum("job_mood", "Mood.", states=("good", "bad"))

get_metrics = getter(Jobs)
reveal_type(get_metrics())  # shows Jobs
jobs = bound(Jobs)
reveal_type(jobs)  # shows Jobs
reveal_type(jobs.done)  # shows Counter
reveal_type(jobs.running)  # shows Gauge
reveal_type(jobs.took)  # shows Histogram
reveal_type(jobs.size)  # shows Summary
reveal_type(jobs.build)  # shows Info
reveal_type(jobs.mood)  # shows Enum
reveal_type(jobs.done.labels("mail"))  # shows Counter
jobs.done.labels("mail").inc()
jobs.running.labels(kind="mail").set_function(lambda: 1.0)
jobs.took.labels("slow").observe(0.5)
jobs.build.info({"version": "1"})
jobs.mood.state("good")

@safe_metrics_operation("jobs")
def record(kind: str) -> None:
    bound(Jobs).done.labels(kind).inc()

@safe_metrics_operation("jobs")
async def record_later(kind: str, *, times: int = 1) -> None:
    record(kind)

@safe_metrics_operation("jobs")  # wrong
def recorded(kind: str) -> str:
    return kind

@safe_metrics_operation("jobs")  # wrong
async def recorded_later(kind: str) -> str:
    return kind

class Pipe:
    def collect(self) -> list[Metric]:
        return []

safe_register("jobs", Pipe())
unregister(Pipe())
reveal_type(is_component_registered("jobs"))  # shows bool

async def main() -> None:
    await record_later("mail", times=2)
    await record_later("mail", times="2")  # wrong

with safe_metrics_operation("jobs"):
    record("mail")

safe_register("jobs", 5)  # wrong
record(5)  # wrong
jobs.done.set(1)  # wrong
jobs.done.dec()  # wrong
jobs.took.inc()  # wrong
jobs.running.observe(1)  # wrong
jobs.mood.state(1)  # wrong
jobs.build.info({"version": 1})  # wrong
jobs.lost.inc()  # wrong
Jobs.done.inc()  # wrong
Jobs.done.labels("mail")  # wrong
bound(jobs)  # wrong
bound(int)  # wrong
getter(int)  # wrong
get_metrics().lost.inc()  # wrong
Counter("jobs_total")  # wrong
Counter("jobs_total", "Jobs.", {"kind": "mail"})  # wrong
Counter("jobs_total", "Jobs.", {"kind": ["mail", "report"]})  # wrong
Counter("jobs_total", "Jobs.", label=KIND)  # wrong
Counter("jobs_total", "Jobs.", buckets=(1.0, 2.0))  # wrong
Gauge("jobs_running", "Jobs.")  # wrong
Gauge("jobs_running", "Jobs.", multiprocess="all")  # wrong
Gauge("jobs_running", "Jobs.", {"kind": limited(5)}, multiprocess="sum")  # wrong
Histogram("job_duration_seconds", "Time.", buckets=("1", "2"))  # wrong
Enum("job_mood", "Mood.")  # wrong
Enum("job_mood", "Mood.", {"kind": limited(5)}, states=("good", "bad"))  # wrong
closed(200, 404)  # wrong
limited("5")  # wrong
bounded_by()  # wrong

class Lost(MetricGroup):  # wrong
    pass
"""


PYTHON = ".venv/bin/python"

# The last word of each type that is revealed, and the lines with errors.
Said = tuple[dict[int, str], set[int]]


def promised() -> Said:
    """Return what the comments say."""
    lines = list(enumerate(USE.splitlines(), start=1))
    shown = {number: line.partition("# shows ")[2] for number, line in lines if "# shows " in line}
    return shown, {number for number, line in lines if line.endswith("# wrong")}


def mypy(project: Path, file: Path) -> Said:
    """Return what mypy says."""
    command = [str(project / PYTHON), "-m", "mypy", "--strict", "--no-pretty", str(file)]
    done = subprocess.run(command, cwd=project, env=environment(), capture_output=True, text=True, check=False)
    found = re.findall(r":(\d+): (note: Revealed type is|error:) (.*)$", done.stdout, re.MULTILINE)
    revealed = {int(line): re.split(r"[.\"]", text)[-2] for line, kind, text in found if kind != "error:"}
    return revealed, {int(line) for line, kind, _ in found if kind == "error:"}


def pyright(project: Path, file: Path) -> Said:
    """Return what pyright says."""
    command = [sys.executable, "-m", "pyright", "--outputjson", "--pythonpath", str(project / PYTHON), str(file)]
    done = subprocess.run(command, cwd=file.parent, env=environment(), capture_output=True, text=True, check=False)
    found = [
        (one["range"]["start"]["line"] + 1, one["severity"], one["message"])
        for one in json.loads(done.stdout)["generalDiagnostics"]
    ]
    revealed = {line: text.split('"')[-2] for line, kind, text in found if kind == "information"}
    return revealed, {line for line, kind, _ in found if kind == "error"}


@pytest.mark.parametrize("checker", [mypy, pyright])
def test_a_bound_group_is_typed_and_wrong_uses_are_errors(
    checker: Callable[[Path, Path], Said],
    workshop: Callable[[Answers], Project],
    bakery: Bakery,
    tmp_path: Path,
) -> None:
    file = tmp_path / "typed_use.py"
    file.write_text(USE, encoding="utf-8")
    assert checker(workshop(bakery.distinct()[0]).path, file) == promised()
