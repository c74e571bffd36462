"""The database goes and comes back under load: readiness says so, the process lives, and metrics are served."""

import http.client
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from bakery import Answers, Project, questions
from server import HOST, wait_for
from test_pgbouncer import postgresql_process
from test_workers import running

# Run by the project's Python: the server that its own tests use, stopped and started at a word.
POSTGRESQL = """
import os, subprocess, sys
from pathlib import Path
sys.path.insert(0, "tests/support")
from postgresql_server import NOBODY, PostgresqlServer
server = PostgresqlServer(Path(sys.argv[1]))
server.start()
server.create("outage")
print(server.url("outage"), flush=True)
whose = {"user": NOBODY, "group": NOBODY, "extra_groups": []} if os.geteuid() == 0 else {}
try:
    for word in sys.stdin:
        if word == "stop\\n":
            server._process.send_signal(2)
            server._process.wait(20)
        else:
            quiet = subprocess.DEVNULL
            server._process = subprocess.Popen(server._process.args, cwd="/", stdout=quiet, stderr=quiet, **whose)
            server._wait()
        print("done", flush=True)
finally:
    server.stop()
"""
LONGEST = 6.0  # seconds: DATABASE_POOL_TIMEOUT_SECONDS, and some more


class Database:
    """A PostgreSQL server that can be stopped and started again."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        """Wait until it is there."""
        assert process.stdin
        assert process.stdout
        self._words, self._answers = process.stdin, process.stdout
        self.url = self._answers.readline().strip()

    def say(self, word: str) -> None:
        """Have it stopped or started."""
        self._words.write(f"{word}\n")
        self._words.flush()
        assert self._answers.readline() == "done\n"


@contextmanager
def postgresql(project: Project) -> Iterator[Database]:
    """Start PostgreSQL with an empty database."""
    with postgresql_process(project, POSTGRESQL) as process:
        yield Database(process)
        assert process.stdin
        process.stdin.close()


@dataclass
class Asked:
    """What one path answered, again and again: status and seconds, each with its time."""

    path: str
    answers: list[tuple[float, int, float]] = field(default_factory=list)

    def run(self, port: int, until: threading.Event) -> None:
        """Ask until the event; no answer at all is status 0."""
        while not until.is_set():
            begin, status = time.monotonic(), 0
            connection = http.client.HTTPConnection(HOST, port, timeout=30)
            try:
                connection.request("GET", self.path)
                status = connection.getresponse().status
            except (OSError, http.client.HTTPException):
                pass
            finally:
                connection.close()
            self.answers.append((begin, status, time.monotonic() - begin))
            time.sleep(0.01)

    def statuses(self) -> set[int]:
        """Return every status that was answered."""
        return {status for _, status, _ in self.answers}


@pytest.mark.parametrize("framework", questions()["framework"])
def test_a_database_that_goes_and_comes_back(
    workshop: Callable[[Answers], Project], tmp_path: Path, framework: str
) -> None:
    project = workshop({"framework": framework, "database": "postgresql"})
    package = project.answers["package_name"]
    with postgresql(project) as database:
        settings = {"DATABASE_URL": database.url, "HEALTH_CACHE_SECONDS": "0.5"}
        project.run(".venv/bin/python", "-m", package, "db", "upgrade", more=settings)
        with running(project, tmp_path, **settings) as service:
            port, until = service.server.port, threading.Event()
            paths = ["/api/bookmarks"] * 3 + ["/livez", "/metrics", "/readyz"]
            asked = [Asked(path) for path in paths]
            threads = [threading.Thread(target=one.run, args=(port, until)) for one in asked]
            for thread in threads:
                thread.start()
            try:
                time.sleep(1)
                gone = time.monotonic()
                database.say("stop")
                wait_for(lambda: asked[-1].answers[-1][1] == 503)
                noticed = time.monotonic() - gone
                time.sleep(2)
                back = time.monotonic()
                database.say("start")
                wait_for(lambda: asked[-1].answers[-1][1] == 200)
                recovered = time.monotonic() - back
                time.sleep(1)
                last = time.monotonic()
                time.sleep(1)
            finally:
                until.set()
                for thread in threads:
                    thread.join()
            assert service.stop() == 0
    *work, live, metrics, ready = asked
    assert (live.statuses(), metrics.statuses(), ready.statuses()) == ({200}, {200}, {200, 503})
    assert {status for one in work for status in one.statuses()} == {200, 500}
    assert {status for one in work for begin, status, _ in one.answers if begin > last} == {200}
    assert max(seconds for one in asked for _, _, seconds in one.answers) < LONGEST
    print(f"{framework}: unready after {noticed:.1f} s, ready again after {recovered:.1f} s")
