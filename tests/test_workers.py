"""Several workers count as one: exactly, through kills and restarts, in every scrape."""

import http.client
import json
import os
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Self

import pytest
from bakery import Answers, Project, environment, questions
from server import HOST, Server, free_port, wait_for, wait_until_ready
from test_live_server import BOOKMARKS, PAGE, bookmark_round_trip, counted

REQUESTS = ("http_requests", "http_requests_total", "method", "endpoint", "status")
IN_PROGRESS = ("http_requests_in_progress", "http_requests_in_progress", "method")


@pytest.fixture(scope="module", params=questions()["framework"])
def project(request: pytest.FixtureRequest, workshop: Callable[[Answers], Project]) -> Project:
    """Return an installed project of each framework."""
    return workshop({"framework": request.param, "workers": "several"})


@pytest.fixture(scope="module")
def four(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator["Service"]:
    """Return a service with four workers, started on an empty database."""
    with running(project, tmp_path_factory.mktemp("four"), WORKERS="4") as service:
        yield service
        assert service.stop() == 0
    lines = service.server.log.splitlines()
    assert [
        line for line in lines if "Traceback" in line or (" ERROR " in line and "was sent SIGKILL" not in line)
    ] == []


@dataclass
class Service:
    """A running service with its process and its log."""

    server: Server
    process: subprocess.Popen[bytes]
    log: Path

    def workers(self) -> list[int]:
        """Return the process ids of the workers."""
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children")
        return [int(pid) for pid in children.read_text().split()]

    def busy(self) -> list[int]:
        """Return the CPU time of each worker, in ticks: proc(5), field utime of stat."""
        stats = [Path(f"/proc/{pid}/stat").read_text(encoding="utf-8") for pid in self.workers()]
        return [int(stat.rpartition(")")[2].split()[11]) for stat in stats]

    def started(self) -> int:
        """Return how many workers have started."""
        return self.log.read_text(encoding="utf-8").count(": ready with ")

    def counts(self) -> dict[tuple[str, ...], int]:
        """Return the requests that a scrape shows, by method, endpoint and status."""
        return dict(counted(self.server.scrape(), *REQUESTS))

    def stop(self) -> int:
        """Ask the service to end as an init system does, and return its exit code."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(40)


@contextmanager
def running(project: Project, tmp_path: Path, *, probe: str = "/readyz", **more: str) -> Iterator[Service]:
    """Serve without make between the test and the process, on a database of its own."""
    settings = {"DATABASE_URL": f"sqlite:///{tmp_path}/service.db"}
    server = Server(free_port())
    log = tmp_path / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [".venv/bin/python", "-m", project.answers["package_name"], "serve"],
            cwd=project.path,
            env=environment(HOST=HOST, PORT=str(server.port), **{**settings, **more}),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            wait_until_ready(server, process, probe)
            yield Service(server, process, log)
        except BaseException as error:
            error.add_note(log.read_text(encoding="utf-8"))
            raise
        finally:
            process.terminate()
            try:
                process.wait(40)
            finally:
                process.kill()
                server.log = log.read_text(encoding="utf-8")


def replaced(service: Service, victim: int) -> bool:
    """Whether another worker has taken the place of this one of four."""
    workers = service.workers()
    return victim not in workers and len(workers) == 4


@dataclass
class Scraper(threading.Thread):
    """Scrapes until it is stopped; what was counted must never go back."""

    service: Service
    scrapes: int = 0
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Be a thread."""
        super().__init__()
        self.stopping = threading.Event()

    __hash__ = threading.Thread.__hash__

    def run(self) -> None:
        """Scrape back to back; a connection that a killed worker held may break, an answer may not be wrong."""
        before: dict[str, float] = {}
        while not self.stopping.is_set():
            try:
                answer = self.service.server.ask("GET", "/metrics")
            except (OSError, http.client.HTTPException):
                continue
            if answer.status != 200:
                self.wrong.append(f"{answer.status} {answer.body.decode()}")
                continue
            self.scrapes += 1
            now = {
                line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
                for line in answer.body.decode().splitlines()
                if line.partition("{")[0].endswith(("_total", "_bucket", "_count", "_sum"))
            }
            fell = [name for name, value in before.items() if now.get(name, -1) < value]
            self.wrong += [f"{name}: {now.get(name)} after {before[name]}" for name in fell]
            before = now

    def __enter__(self) -> Self:
        """Begin."""
        self.start()
        return self

    def __exit__(self, *raised: object) -> None:
        """End."""
        self.stopping.set()
        self.join()


@dataclass
class Load:
    """Clients that ask without a pause, and know what was sent and what was answered."""

    server: Server
    sent: int = 0
    answered: int = 0
    wrong: list[int] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        """Prepare the clients."""
        self.stopping = threading.Event()
        self.threads = [threading.Thread(target=self._ask) for _ in range(4)]

    def _ask(self) -> None:
        while not self.stopping.is_set():
            with self.lock:
                self.sent += 1
            try:
                status = self.server.ask("GET", BOOKMARKS).status
            except (OSError, http.client.HTTPException):
                continue
            with self.lock:
                self.answered += 1
                if status != 200:
                    self.wrong.append(status)

    def __enter__(self) -> Self:
        """Begin."""
        for thread in self.threads:
            thread.start()
        return self

    def __exit__(self, *raised: object) -> None:
        """End."""
        self.stopping.set()
        for thread in self.threads:
            thread.join()


def test_four_workers_count_as_one(four: Service) -> None:
    wait_for(lambda: four.started() >= 4)
    server, before = four.server, four.busy()
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(bookmark_round_trip, server) for _ in range(40)]:
            done.result()
    for _ in range(40):
        server.send("GET", "/nowhere", "unmatched", 404)
    for _ in range(20):
        families = server.scrape()
        assert counted(families, *REQUESTS) == server.sent
        assert set(counted(families, *IN_PROGRESS).values()) == {0}
    worked = [now for then, now in zip(before, four.busy(), strict=True) if now > then]
    assert len(worked) >= 2, "one worker did it all: the test shows nothing"
    assert server.ask("GET", "/health").json()["scope"] == "one"
    assert {"application_info", "python_info", "process_cpu_seconds", "process_start_time_seconds"} <= set(families)


def test_killed_workers_lose_nothing_that_was_answered(four: Service) -> None:
    before = four.counts().get(("GET", BOOKMARKS, "200"), 0)
    with Scraper(four) as scraper, Load(four.server) as load:
        for _ in range(3):
            time.sleep(0.5)
            victim = four.workers()[0]
            os.kill(victim, signal.SIGKILL)
            wait_for(partial(replaced, four, victim))
        time.sleep(0.5)
    assert scraper.wrong == []
    assert scraper.scrapes > 5
    assert load.wrong == []
    assert load.answered > 50
    requests = four.counts()["GET", BOOKMARKS, "200"] - before
    assert load.answered <= requests <= load.sent
    assert load.sent - load.answered <= 3 * len(load.threads), "more was lost than was under way"
    assert set(counted(four.server.scrape(), *IN_PROGRESS).values()) == {0}


def test_workers_that_are_replaced_lose_nothing(project: Project, tmp_path: Path) -> None:
    with running(project, tmp_path, WORKERS="2", MAX_REQUESTS="60") as service:
        with Scraper(service) as scraper, ThreadPoolExecutor(4) as pool:
            first = set(service.workers())
            for done in [pool.submit(service.server.send, "GET", BOOKMARKS, BOOKMARKS, 200) for _ in range(600)]:
                done.result()
        assert scraper.wrong == []
        assert scraper.scrapes > 3
        assert service.counts() == service.server.sent
        # They finish what they have, and a quick machine has sent all of it before the last one is gone.
        wait_for(lambda: not first & set(service.workers()))
        wait_for(lambda: len(service.workers()) == 2)
        assert service.counts() == service.server.sent
        assert service.stop() == 0


def test_one_worker_that_is_replaced_counts_on(project: Project, tmp_path: Path) -> None:
    with running(project, tmp_path, WORKERS="1", MAX_REQUESTS="50") as service:
        [first] = service.workers()
        deadline = time.monotonic() + 20
        while service.workers() == [first]:
            service.server.send("GET", BOOKMARKS, BOOKMARKS, 200)
            assert time.monotonic() < deadline
        wait_for(lambda: len(service.workers()) == 1)
        assert service.counts() == service.server.sent
        assert service.stop() == 0


def test_no_limit_pushes_out_what_the_code_names(project: Project, tmp_path: Path) -> None:
    with running(project, tmp_path, WORKERS="4", METRICS_MAX_SERIES="1", MAX_METRICS_PER_MINUTE="1") as service:
        with Scraper(service) as scraper, ThreadPoolExecutor(8) as pool:
            for done in [pool.submit(bookmark_round_trip, service.server) for _ in range(60)]:
                done.result()
        assert scraper.wrong == []
        assert service.counts() == service.server.sent
        assert service.stop() == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_service_that_is_told_to_stop_answers_what_is_under_way_and_ends_0(
    project: Project, tmp_path: Path, workers: str
) -> None:
    body = json.dumps(PAGE).encode()
    with running(project, tmp_path, WORKERS=workers) as service:
        connection = http.client.HTTPConnection(HOST, service.server.port, timeout=10)
        connection.putrequest("POST", BOOKMARKS)
        connection.putheader("Content-Type", "application/json")
        connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body[:10])
        time.sleep(0.3)
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.3)
        connection.send(body[10:])
        assert connection.getresponse().status == 201
        connection.close()
        assert service.process.wait(20) == 0


def gone(folder: Path) -> None:
    """Remove a folder, as a cleaner of temporary files does."""
    shutil.rmtree(folder)


def full(folder: Path) -> None:
    """Fill the file system of a folder to the last byte."""
    with suppress(OSError), (folder / "all").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    assert shutil.disk_usage(folder).free == 0


@pytest.mark.parametrize("failure", [full, gone])
def test_no_storage_that_fails_costs_a_count_or_a_worker(
    project: Project, tmp_path: Path, small_disk: Path, failure: Callable[[Path], None]
) -> None:
    temporary = small_disk / "temporary"
    temporary.mkdir()
    own = small_disk / "of the user.db"
    own.write_text("kept", encoding="utf-8")
    if failure is full:
        full(temporary)
    with running(
        project, tmp_path, WORKERS="2", TMPDIR=str(temporary), PROMETHEUS_MULTIPROC_DIR=str(small_disk)
    ) as service:
        if failure is gone:
            gone(temporary)
        for _ in range(2):
            for _ in range(20):
                service.server.send("GET", BOOKMARKS, BOOKMARKS, 200)
            victim = service.workers()[0]
            os.kill(victim, signal.SIGKILL)
            wait_for(lambda victim=victim: victim not in service.workers() and len(service.workers()) == 2)  # type: ignore[misc]
        wait_for(lambda: service.server.ask("GET", "/readyz").status == 200)
        for _ in range(10):
            service.server.send("GET", "/nowhere", "unmatched", 404)
        assert service.counts() == service.server.sent
        assert own.read_text(encoding="utf-8") == "kept"
        assert service.stop() == 0
    assert {path.name for path in small_disk.iterdir()} <= {own.name, temporary.name}


def test_only_the_workers_of_serve_count(project: Project, tmp_path: Path) -> None:
    with running(project, tmp_path, WORKERS="2") as service:
        for _ in range(10):
            service.server.send("GET", BOOKMARKS, BOOKMARKS, 200)
        before = service.server.scrape()["database_connection_attempts"].samples
        more = {"DATABASE_URL": f"sqlite:///{tmp_path}/service.db", "WORKERS": "2"}
        project.run(".venv/bin/python", "-m", project.answers["package_name"], "db", "upgrade", more=more)
        project.run(".venv/bin/python", "-m", "tools", "simulate", more=more)
        assert service.server.scrape()["database_connection_attempts"].samples == before
        assert service.counts() == service.server.sent
        assert service.stop() == 0
