"""Jobs as their users run them: what the metrics say of a run that fails, is killed, or runs twice at once."""

import json
import shutil
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from bakery import Answers, Project, environment
from prometheus_client.parser import text_string_to_metric_families
from server import serving
from test_pgbouncer import postgresql
from test_workers import full

# A job of a team, which is as long or as bad as its arguments say.
COUNTING = '''"""Counts to a number."""

from argparse import ArgumentParser, Namespace
from time import sleep

from ..platform.jobs import Job, JobRun


def count(run: JobRun, arguments: Namespace) -> None:
    """Count to a number."""
    for number in range(1, arguments.to + 1):
        if number == arguments.fail_at:
            run.count("error")
            raise ValueError(f"{number} is bad")
        run.count("success")
    print("counted", flush=True)
    sleep(arguments.wait)


def _arguments(parser: ArgumentParser) -> None:
    parser.add_argument("--to", type=int, default=1000)
    parser.add_argument("--fail-at", type=int)
    parser.add_argument("--wait", type=float, default=0)


JOBS = (Job(name="count", run=count, arguments=_arguments),)
'''
VARIANTS: list[Answers] = [
    {"framework": "fastapi", "database": "sqlite", "workers": "one", "jobs": "command"},
    {"framework": "flask", "database": "postgresql", "workers": "several", "jobs": "command"},
    {"framework": "django", "database": "postgresql", "workers": "one", "jobs": "command"},
]


class Jobs:
    """The jobs of one project, whose metrics go to a folder."""

    def __init__(self, project: Project, files: Path, folder: Path, **more: str) -> None:
        self.project = project
        self.files = files
        self.folder = folder
        self.environment = environment(JOBS_METRICS=str(folder), **more)

    def start(self, *command: str, given: bytes = b"") -> subprocess.Popen[bytes]:
        """Start a command of the service, whose output and log go to files."""
        (self.files / "input").write_bytes(given)
        with (
            (self.files / "input").open("rb") as standard_input,
            (self.files / "output").open("wb") as output,
            (self.files / "log").open("wb") as log,
        ):
            return subprocess.Popen(
                [".venv/bin/python", "-m", self.project.answers["package_name"], *command],
                cwd=self.project.path,
                env=self.environment,
                stdin=standard_input,
                stdout=output,
                stderr=log,
            )

    def run(self, name: str, *arguments: str, given: bytes = b"") -> tuple[int, str, str]:
        """Run a job, and return its exit code, what it wrote, and what it logged."""
        code = self.start("jobs", "run", name, *arguments, given=given).wait(60)
        return code, (self.files / "output").read_bytes().decode(), (self.files / "log").read_text(encoding="utf-8")

    def waiting(self) -> subprocess.Popen[bytes]:
        """Start a run of `count`, and return it when it has counted all items."""
        process = self.start("jobs", "run", "count", "--wait", "60")
        while (self.files / "output").read_bytes() != b"counted\n":
            assert process.poll() is None, (self.files / "log").read_text(encoding="utf-8")
            time.sleep(0.01)
        return process

    def samples(self, job: str) -> dict[str, float]:
        """Return what the file of that job says of its runs."""
        service = self.project.answers["project_slug"]
        text = (self.folder / f"{service}-{job}.prom").read_text(encoding="utf-8")
        found = {}
        for family in text_string_to_metric_families(text):
            for sample in family.samples:
                assert sample.labels["job"] == job
                assert sample.labels["service"] == service
                name = " ".join([sample.name, *filter(None, [sample.labels.get("outcome")])])
                if sample.name.startswith("job_") and "duration" not in sample.name:
                    assert name not in found
                    found[name] = sample.value
        return found


def ended(outcome: str, success: float, error: float = 0) -> dict[str, float]:
    """Return the samples of a run that ended so, without its times."""
    runs = {f"job_runs_total {one}": float(one == outcome) for one in ("success", "error", "cancelled")}
    items = {"job_items_total success": success, "job_items_total error": error, "job_items_total skipped": 0}
    return {**runs, **items, "job_in_progress": 0}


def without_times(samples: dict[str, float]) -> dict[str, float]:
    """Leave out when the run began, and when one last succeeded."""
    return {name: value for name, value in samples.items() if "timestamp" not in name}


@pytest.fixture(params=VARIANTS, ids=lambda answers: "-".join(answers.values()))
def jobs(workshop: Callable[[Answers], Project], request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Jobs]:
    """Return the jobs of a project with one of its own, on a database of the test's own."""
    project = workshop(request.param)
    folder = tmp_path / "textfiles"
    folder.mkdir()
    package = project.path / "src" / project.answers["package_name"] / "counting"
    package.mkdir()
    (package / "__init__.py").write_text('"""Counts."""\n', encoding="utf-8")
    (package / "jobs.py").write_text(COUNTING, encoding="utf-8")
    try:
        if request.param["database"] == "sqlite":
            yield Jobs(project, tmp_path, folder, DATABASE_URL=f"sqlite:///{tmp_path}/service.db")
        else:
            with postgresql(project) as url:
                jobs = Jobs(project, tmp_path, folder, DATABASE_URL=url)
                assert jobs.start("db", "upgrade").wait(60) == 0
                yield jobs
    finally:
        shutil.rmtree(package)


def test_a_run_that_fails_is_told_from_one_that_is_killed(jobs: Jobs, figures: list[str]) -> None:
    """One project is made ready once, so all runs of it are in one test."""
    code, _, log = jobs.run("count")
    assert code == 0
    assert "job count: success, 1000 success, " in log
    samples = jobs.samples("count")
    assert without_times(samples) == ended("success", 1000)
    first_success = samples["job_last_success_timestamp_seconds"]
    first_start = samples["job_last_start_timestamp_seconds"]
    assert 0 <= first_success - first_start < 60

    code, _, log = jobs.run("count", "--fail-at", "500")
    assert code == 1
    assert "job count: error, 499 success, 1 error, " in log
    samples = jobs.samples("count")
    assert without_times(samples) == ended("error", 499, 1)
    assert samples["job_last_success_timestamp_seconds"] == first_success
    assert samples["job_last_start_timestamp_seconds"] > first_start
    figures.append(f"a job that fails at item 500: {without_times(samples)}")

    killed = jobs.waiting()
    running = jobs.samples("count")
    killed.kill()
    assert killed.wait(20) == -signal.SIGKILL
    samples = jobs.samples("count")
    assert samples == running
    assert without_times(samples) == {**ended("", 0), "job_in_progress": 1}
    assert samples["job_last_success_timestamp_seconds"] == first_success
    figures.append(f"a job that is killed: {without_times(samples)}")

    stopped = jobs.waiting()
    stopped.terminate()
    assert stopped.wait(20) == 1
    samples = jobs.samples("count")
    assert without_times(samples) == ended("cancelled", 1000)
    assert samples["job_last_success_timestamp_seconds"] == first_success


def test_runs_at_the_same_time_leave_one_whole_file(jobs: Jobs, figures: list[str]) -> None:
    long, short = jobs.waiting(), jobs.start("jobs", "run", "count", "--to", "7")
    assert short.wait(60) == 0
    samples = jobs.samples("count")
    assert without_times(samples) == ended("success", 7)
    figures.append(f"a job of which another run goes on: {without_times(samples)}")
    long.terminate()
    assert long.wait(20) == 1
    assert without_times(jobs.samples("count")) == ended("cancelled", 1000)
    several = [jobs.start("jobs", "run", "count", "--to", str(number)) for number in range(1, 9)]
    assert [one.wait(60) for one in several] == [0] * 8
    samples = jobs.samples("count")
    assert without_times(samples) == ended("success", samples["job_items_total success"])
    assert samples["job_items_total success"] in range(1, 9)
    assert [path.suffix for path in jobs.folder.iterdir()] == [".prom"]


PAGES = [{"url": f"https://example.org/{number}", "title": f"Page {number}"} for number in range(20_000)]


def test_an_import_is_whole_or_nothing_though_it_is_killed(jobs: Jobs, figures: list[str]) -> None:
    bad = [*PAGES[:499], {"url": "no address", "title": "x"}, *PAGES[499:999]]
    code, _, log = jobs.run("import-bookmarks", "--format", "json", given=json.dumps(bad).encode())
    assert code == 1
    assert "job import-bookmarks: error, 1 error, " in log
    assert without_times(jobs.samples("import-bookmarks")) == ended("error", 0, 1)
    assert exported(jobs) == []

    given = json.dumps(PAGES).encode()
    for seconds in (0.0, 0.2, 0.4):
        killed = jobs.start("jobs", "run", "import-bookmarks", "--format", "json", given=given)
        while killed.poll() is None and not jobs.samples("import-bookmarks")["job_in_progress"]:
            time.sleep(0.01)
        time.sleep(seconds)
        killed.kill()
        killed.wait(20)
        assert len(exported(jobs)) in (0, len(PAGES))
        if exported(jobs):
            break
    else:
        code, _, log = jobs.run("import-bookmarks", "--format", "json", given=given)
        assert code == 0
        figures.append(f"import: {log.rstrip().rpartition(' job ')[2]}")
    assert exported(jobs) == PAGES


def exported(jobs: Jobs) -> list[dict[str, str]]:
    """Return what the bookmarks' export writes, without numbers and times."""
    code, output, _ = jobs.run("export-bookmarks", "--format", "json")
    assert code == 0
    return [{name: page[name] for name in ("url", "title")} for page in json.loads(output)]


def test_a_full_disk_costs_the_metrics_and_not_the_job(
    workshop: Callable[[Answers], Project], tmp_path: Path, small_disk: Path
) -> None:
    url = f"sqlite:///{tmp_path}/service.db"
    jobs = Jobs(workshop({"jobs": "command"}), tmp_path, small_disk, DATABASE_URL=url)
    assert jobs.run("export-bookmarks", "--format", "json")[0] == 0
    before = jobs.samples("export-bookmarks")
    full(small_disk)
    code, output, log = jobs.run("export-bookmarks", "--format", "csv")
    assert (code, output) == (0, "id,url,title,created_at\r\n")
    assert log.count("the metrics of export-bookmarks did not get to") == log.count("No space left on device") == 2
    assert jobs.samples("export-bookmarks") == before
    assert {path.suffix for path in small_disk.iterdir()} == {".prom", ""}


def test_what_a_job_counted_is_not_on_the_page_of_the_service(
    workshop: Callable[[Answers], Project], tmp_path: Path
) -> None:
    """With several workers too: only those of `serve` count as one."""
    url = f"sqlite:///{tmp_path}/service.db"
    project = workshop({"framework": "flask", "workers": "several", "jobs": "command"})
    jobs = Jobs(project, tmp_path, tmp_path, DATABASE_URL=url, WORKERS="2")
    with serving(project, DATABASE_URL=url, WORKERS="2") as server:
        given = json.dumps(PAGES[:10]).encode()
        assert jobs.run("import-bookmarks", "--format", "json", given=given)[0] == 0
        assert without_times(jobs.samples("import-bookmarks")) == ended("success", 10)
        assert len(json.loads(server.ask("GET", "/api/bookmarks").body)) == 10
        assert not [name for name in server.scrape() if name.startswith("job_")]
