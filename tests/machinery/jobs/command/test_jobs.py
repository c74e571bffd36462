"""A job is counted however it ends, and what it counted is left where Prometheus finds it."""

import asyncio
import inspect
import io
import os
import re
import signal
import sys
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from importlib import import_module
from pathlib import Path
from threading import Thread, main_thread
from time import sleep

import pytest
from prometheus_client.parser import text_string_to_metric_families

from {{ cookiecutter.package_name }}.__main__ import main
from {{ cookiecutter.package_name }}.platform.core import about
from {{ cookiecutter.package_name }}.platform.core.components import ComponentError
from {{ cookiecutter.package_name }}.platform.jobs import JobRun, track_job, tracking
from {{ cookiecutter.package_name }}.platform.jobs.component import deliver

OUTCOMES = {"success", "error", "cancelled"}
NOT_DELIVERED = "the metrics of work did not get"
JOBS = '''
import os, signal
from asyncio import CancelledError

from {{ cookiecutter.package_name }}.platform.jobs import Job, JobFailed
from {{ cookiecutter.package_name }}.platform.metrics import Gauge, MetricGroup, bound


class Stock(MetricGroup, component="stock"):
    level = Gauge("stock_level", "Level.", multiprocess="max")
    open = Gauge("stock_open", "Open.", multiprocess="livesum")


def work(run, arguments):
    """Work, 100 % of it.

    More.
    """
    bound(Stock).level.set(3)
    bound(Stock).open.set(1)
    run.count("success", arguments.items)
    if arguments.end == "refuse":
        raise JobFailed("it is too late")
    if arguments.end == "raise":
        raise OSError("disk full")
    if arguments.end == "exit":
        raise SystemExit(0)
    if arguments.end == "cancel":
        raise CancelledError
    if arguments.end == "stop":
        os.kill(os.getpid(), signal.SIGTERM)
    if arguments.end == "close":
        os.kill(os.getpid(), signal.SIGHUP)


async def wait(run, arguments):
    """Wait."""
    run.count("skipped")


def arguments(parser):
    parser.add_argument("--end", default="well")
    parser.add_argument("--items", type=int, default=2)


JOBS = (Job(name="work", run=work, arguments=arguments), Job(name="wait", run=wait))
'''
COMPONENT = """
from {{ cookiecutter.package_name }}.platform.core import Component

from .jobs import Stock

component = Component(name="stock", metrics=(Stock,))
"""


@pytest.fixture(autouse=True)
def _signals() -> Iterator[None]:
    before = {
        one: signal.signal(one, signal.SIG_DFL)  # whatever the tests' own parent ignores
        for one in (signal.SIGHUP, signal.SIGTERM)
    }
    yield
    for one, handler in before.items():
        signal.signal(one, handler)


@pytest.fixture
def work(plant, database):
    """Run the job `work` with these arguments."""
    plant("stock", component=COMPONENT, jobs=JOBS)
    return lambda *arguments: main(["jobs", "run", "work", *arguments])


@pytest.fixture
def lines(capsys):
    """The level and text of each line that the jobs logged."""
    logged = r" (\w+) +{{ cookiecutter.package_name }}\.platform\.jobs\.\S+: (.*)"
    return lambda: re.findall(logged, capsys.readouterr().err)


@pytest.fixture
def folder(tmp_path, mock_env):
    """The folder of a node exporter."""
    folder = tmp_path / "textfiles"
    folder.mkdir()
    mock_env(JOBS_METRICS=str(folder))
    return folder


def delivered(text: str) -> dict[str, float]:
    """The samples by name and the labels that differ."""
    own = {"service": about().name, "job": "work"}
    found = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            assert own.items() <= sample.labels.items()
            rest = [value for name, value in sample.labels.items() if name not in own]
            found[" ".join([sample.name, *rest])] = sample.value
    return found


def ended(metrics, job: str) -> dict[str, float]:
    runs = f'job_runs_total{{job="{job}",outcome="%s"}}'
    return {outcome: metrics.value(runs % outcome) for outcome in OUTCOMES}


ENDS = [
    (None, "success"),
    (OSError, "error"),
    (SystemExit, "error"),
    (KeyboardInterrupt, "cancelled"),
    (asyncio.CancelledError, "cancelled"),
]


@pytest.mark.parametrize(("error", "outcome"), ENDS)
def test_a_block_is_counted_however_it_ends(metrics, error, outcome):
    run = track_job("block")
    with suppress(error or ()), run:
        assert metrics.value('job_in_progress{job="block"}') == 1
        assert ended(metrics, "block") == dict.fromkeys(OUTCOMES, 0)
        run.count("success", 2)
        if error:
            raise error
    assert run.outcome == outcome
    assert ended(metrics, "block") == {**dict.fromkeys(OUTCOMES, 0), outcome: 1}
    assert metrics.value('job_in_progress{job="block"}') == 0
    assert metrics.value('job_items_total{job="block",outcome="success"}') == 2
    assert metrics.value('job_duration_seconds_count{job="block"}') == 1
    assert metrics.series("job_last_success_timestamp_seconds") == (outcome == "success")


def test_each_call_of_a_function_is_a_run(metrics):
    @track_job("function")
    def double(number: int) -> int:
        """Twice as much."""
        return number * 2

    assert [double(1), double(number=2)] == [2, 4]
    assert double.__doc__ == "Twice as much."
    assert ended(metrics, "function")["success"] == 2


def test_a_coroutine_function_is_in_progress_while_it_waits(metrics):
    @track_job("coroutine")
    async def wait() -> float:
        await asyncio.sleep(0)
        return metrics.value('job_in_progress{job="coroutine"}')

    async def both() -> list[float]:
        return await asyncio.gather(wait(), wait())

    assert inspect.iscoroutinefunction(wait)
    assert asyncio.run(both()) == [2, 1]  # the other one, and itself
    assert metrics.value('job_in_progress{job="coroutine"}') == 0
    assert ended(metrics, "coroutine")["success"] == 2


def test_jobs_are_listed_with_the_first_line_of_what_they_do(plant, capsys):
    plant("stock", component=COMPONENT, jobs=JOBS)
    assert main(["jobs", "list"]) == 0
    listed = [line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines()]
    assert ["work", "Work, 100 % of it."] in listed
    assert ["wait", "Wait."] in listed


NAMED = """
from {{ cookiecutter.package_name }}.platform.jobs import Job

JOBS = tuple(Job(name=name, run=print) for name in %r)
"""
NO_METRICS = COMPONENT.replace("from .jobs import Stock", "Stock = object")


@pytest.mark.parametrize("name", ["", "a b", "../work", "-h", "Work", "wörk", "work\n", "a%b"])
def test_a_name_that_is_no_part_of_a_files_name_is_refused(plant, name):
    plant("stock", component=NO_METRICS, jobs=NAMED % [name])
    with pytest.raises(ComponentError, match=r"stock\.jobs names a job .* must be of lower case"):
        main(["jobs", "list"])


@pytest.mark.parametrize("names", [["work", "work"], ["import-bookmarks"]])
def test_two_jobs_of_one_name_are_refused_whoever_has_them(plant, names):
    plant("stock", component=NO_METRICS, jobs=NAMED % names)
    modules = r"stock\.jobs and \S+\.jobs"
    with pytest.raises(ComponentError, match=modules + " are both named .*: rename one"):
        main(["jobs", "list"])


@pytest.mark.parametrize("jobs", ["JOBS = (1,)", "JOBS = 1"])
def test_jobs_that_are_no_tuple_of_them_are_refused(plant, jobs):
    plant("stock", component=NO_METRICS, jobs=jobs)
    with pytest.raises(ComponentError, match=r"stock\.jobs must export its jobs, as `JOBS = "):
        main(["jobs", "list"])


@pytest.mark.parametrize("kind", ["def", "async def"])
def test_a_job_that_yields_did_nothing_and_fails(plant, database, metrics, lines, kind):
    text = f"{kind} work(run, arguments):\n    yield\n"
    plant("stock", component=NO_METRICS, jobs=text + NAMED.replace("print", "work") % ["work"])
    assert main(["jobs", "run", "work"]) == 1
    assert ended(metrics, "work")["error"] == 1
    assert ("ERROR", "work has a yield, so nothing of it ran: count instead") in lines()


def test_a_run_whose_output_is_lost_is_an_error(plant, database, metrics, monkeypatch):
    text = "def work(run, arguments):\n    print('a line that waits for more')\n"
    plant("stock", component=NO_METRICS, jobs=text + NAMED.replace("print", "work") % ["work"])
    with suppress(OSError), Path("/dev/full").open("w") as full:
        monkeypatch.setattr(sys, "stdout", full)
        main(["jobs", "run", "work"])
    assert ended(metrics, "work")["error"] == 1


def test_the_help_of_a_job_has_its_arguments(plant, capsys):
    plant("stock", component=COMPONENT, jobs=JOBS)
    for arguments, shown in ([], "Work, 100 % of it."), (["work"], "--items ITEMS"):
        with pytest.raises(SystemExit) as left:
            main(["jobs", "run", *arguments, "--help"])
        assert left.value.code == 0
        assert shown in capsys.readouterr().out


@pytest.mark.parametrize(
    ("end", "outcome", "logged"),
    [
        ("well", "success", []),
        ("refuse", "error", ["it is too late"]),
        ("raise", "error", ["job work raised"]),
        ("exit", "error", []),
        ("cancel", "cancelled", ["job work raised"]),
        ("stop", "cancelled", []),
    ],
)
def test_the_exit_code_and_the_last_line_tell_the_outcome(lines, work, end, outcome, logged):
    assert work("--end", end) == (0 if outcome == "success" else 1)
    *before, (level, last) = lines()
    assert before == [("ERROR", line) for line in logged]
    assert last.startswith(f"job work: {outcome}, 2 success, 0.")
    assert level == ("INFO" if outcome == "success" else "ERROR")


def test_a_terminal_that_closes_signals_twice_and_the_run_is_counted_once(
    work, metrics, monkeypatch
):
    moments = []

    def clock() -> float:
        moments.append(0.0)
        if len(moments) == 2:  # the run ends
            os.kill(os.getpid(), signal.SIGHUP)
        return 0.0

    monkeypatch.setattr(tracking, "perf_counter", clock)
    assert work("--end", "close") == 1
    assert metrics.value('job_runs_total{job="work",outcome="cancelled"}') == 1
    assert metrics.value('job_in_progress{job="work"}') == 0


def test_a_coroutine_function_is_a_job_too(work, metrics):
    assert main(["jobs", "run", "wait"]) == 0
    assert metrics.value('job_items_total{job="wait",outcome="skipped"}') == 1


def test_arguments_that_are_wrong_end_with_code_2(work, metrics):
    with pytest.raises(SystemExit) as left:
        work("--items", "many")
    assert left.value.code == 2
    assert metrics.series("job_runs_total") == 0


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_a_terminal_shows_the_items_in_one_line(work, monkeypatch):
    screen = Terminal()
    monkeypatch.setattr(sys, "stderr", screen)
    assert work() == 0
    assert screen.getvalue().startswith("\r\x1b[Kwork: 2 success\r")


def test_what_is_no_terminal_gets_the_log_only(work, capsys):
    assert work() == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert "\r" not in shown.err


def test_a_text_file_has_what_the_run_counted_and_outlives_it(work, folder):
    assert work() == 0
    [file] = folder.iterdir()
    assert file.name == f"{about().name}-work.prom"
    samples = delivered(file.read_text())
    assert samples["job_runs_total success"] == 1
    assert samples["job_in_progress"] == 0
    assert samples["job_items_total success"] == 2
    assert samples["stock_level"] == 3
    assert "stock_open" not in samples  # nothing is open in a process that has ended
    assert not [name for name in samples if name.startswith(("python_", "process_"))]


@pytest.fixture
def reset_registry():
    """Call it to have nothing counted yet, as in the process of the next run."""
    return import_module("{{ cookiecutter.package_name }}.platform.metrics.registry").reset_for_test


def test_the_time_of_the_last_success_outlives_the_runs_that_fail(work, folder, reset_registry):
    assert work("--end", "raise") == 1
    [file] = folder.iterdir()
    assert "job_last_success_timestamp_seconds" not in delivered(file.read_text())
    assert work() == 0
    last = delivered(file.read_text())["job_last_success_timestamp_seconds"]
    reset_registry()
    assert work("--end", "raise") == 1
    samples = delivered(file.read_text())
    assert samples["job_last_success_timestamp_seconds"] == last
    assert samples["job_runs_total error"] == 1
    assert samples["job_runs_total success"] == 0


@pytest.mark.parametrize("before", [b"\xff", b"no metrics { at all", b""])
def test_a_file_that_is_none_of_ours_is_replaced(work, folder, before):
    file = folder / f"{about().name}-work.prom"
    file.write_bytes(before)
    assert work("--end", "raise") == 1
    assert delivered(file.read_text())["job_runs_total error"] == 1


def test_the_runs_of_another_job_are_not_delivered(folder, metrics):
    with track_job("work"), track_job("other"):
        deliver("work")
    [file] = folder.iterdir()
    assert "other" not in file.read_text()
    assert delivered(file.read_text())["job_in_progress"] == 1


def test_a_folder_that_is_gone_is_logged_and_fails_no_job(lines, work, folder):
    folder.rmdir()
    assert work() == 0
    *failed, (_, last) = lines()
    assert [line.partition(" to ")[0] for _, line in failed] == 2 * [NOT_DELIVERED]
    assert last.startswith("job work: success")


def test_nothing_is_delivered_where_nothing_is_collected(work, folder, mock_env, reset_registry):
    mock_env(METRICS_ENABLED="false")
    reset_registry()
    assert work() == 0
    assert [file.read_text() for file in folder.iterdir()] == [""]


class Gateway(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.pushed.append((self.path, body.decode()))
        if len(self.server.pushed) == self.server.stops_at:
            signal.pthread_kill(main_thread().ident, self.server.by)
            sleep(0.2)
        self.send_response(self.server.status)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def gateway(mock_env) -> Iterator[HTTPServer]:
    """What stands in for a Pushgateway: it has the paths and bodies that were pushed."""
    with HTTPServer(("127.0.0.1", 0), Gateway) as server:
        server.pushed, server.status, server.stops_at = [], 200, 0
        mock_env(JOBS_METRICS=f"http://127.0.0.1:{server.server_port}/gateway/")
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_gateway_gets_the_start_and_the_end_in_a_group_of_the_job(work, gateway):
    assert work() == 0
    (path, start), (_, end) = gateway.pushed
    assert path == f"/gateway/metrics/job/work/service/{about().name}"
    assert delivered(start)["job_in_progress"] == 1
    assert delivered(start)["job_runs_total success"] == 0
    assert delivered(end)["job_in_progress"] == 0
    assert delivered(end)["job_runs_total success"] == 1
    assert delivered(end)["stock_level"] == 3


def test_a_gateway_that_refuses_is_logged_and_fails_no_job(lines, work, gateway):
    gateway.status = 500
    assert work() == 0
    *failed, (_, last) = lines()
    assert [line.partition(" to ")[0] for _, line in failed] == 2 * [NOT_DELIVERED]
    assert last.startswith("job work: success")


@pytest.mark.parametrize("by", [signal.SIGTERM, signal.SIGHUP])
@pytest.mark.parametrize("push", [1, 2])
def test_a_signal_while_a_gateway_keeps_a_job_waiting_ends_it_in_order(
    lines, work, gateway, push, by
):
    outcome = "cancelled" if push == 1 else "success"
    gateway.stops_at, gateway.by = push, by
    assert work() == push % 2
    assert lines()[-1][1].startswith(f"job work: {outcome}, ")
    assert delivered(gateway.pushed[-1][1])[f"job_runs_total {outcome}"] == 1


@pytest.mark.parametrize(
    "value", ["ftp://gateway", "http://user:secret@gateway", "http://", "https:///x"]
)
def test_a_target_that_is_neither_folder_nor_gateway_is_refused(capsys, mock_env, value):
    mock_env(JOBS_METRICS=value)
    assert main(["jobs", "list"]) == 2
    shown = capsys.readouterr().err
    right = "must be a folder, or a URL without a user, like http://gateway:9091"
    assert f"JOBS_METRICS: {right}" in shown
    assert "secret" not in shown


def test_a_job_that_is_told_to_stop_twice_ends(metrics):
    run = JobRun("stopped")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with suppress(KeyboardInterrupt), run:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
        finally:
            os.kill(os.getpid(), signal.SIGTERM)
    assert ended(metrics, "stopped")["cancelled"] == 1
