"""`serve` starts, or says in a line why not; it ends when it is told to, or when its terminal is closed."""

import json
import os
import pty
import signal
import socket
import sqlite3
import subprocess
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, closing
from functools import partial
from pathlib import Path

import pytest
from bakery import Answers, Project, environment, questions
from server import HOST, Server, component, free_port, wait_until_ready
from test_workers import running

FAILING = '''"""Takes orders; not today."""

from threading import Thread
from time import sleep

from ..platform.core import Component


def start() -> None:
    """Fail, and leave a thread that does not end."""
    Thread(target=sleep, args=(1000,)).start()
    raise ValueError("no orders today")


component = Component(name="orders", start=start)
'''


@pytest.fixture(scope="module", params=questions()["framework"])
def project(request: pytest.FixtureRequest, workshop: Callable[[Answers], Project]) -> Project:
    """Return an installed project of each framework."""
    return workshop({"framework": request.param})


def served(project: Project, tmp_path: Path, **more: str) -> subprocess.CompletedProcess[str]:
    """Serve until it ends by itself."""
    return subprocess.run(
        [".venv/bin/python", "-m", project.answers["package_name"], "serve"],
        cwd=project.path,
        env=environment(**{"HOST": HOST, "DATABASE_URL": f"sqlite:///{tmp_path}/service.db", **more}),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
        timeout=60,
    )


LEAVING = '''"""Takes orders, and leaves."""

import threading
from asyncio import CancelledError

from ..platform.core import Component


def leave(how: str) -> str:
    """Leave so."""
    if how == "cancel":
        raise CancelledError("a route")
    if how == "exit":
        exit("a route")
    threading.stack_size(1 << 62)  # more than a process may have, so that no thread starts from now on
    return how
'''
ROUTES = {
    "fastapi": """from fastapi import APIRouter

router = APIRouter()
router.add_api_route("/leave/{how}", leave)
component = Component(name="orders", routes=router)
""",
    "flask": """from flask import Blueprint

router = Blueprint("orders", __name__)
router.get("/leave/<how>")(leave)
component = Component(name="orders", routes=router)
""",
    "django": """from django.http import HttpResponse
from django.urls import path

routes = [path("leave/<how>", lambda request, how: HttpResponse(leave(how)))]
component = Component(name="orders", routes=routes)
""",
}


def test_a_port_in_use_is_one_line_before_anything_else_happens(project: Project, tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as other:
        port = other.getsockname()[1]
        done = served(project, tmp_path, PORT=str(port))
    assert done.returncode == 3
    [line] = done.stdout.splitlines()
    assert line.endswith(f"cannot listen on {HOST}, port {port}: address already in use")
    assert list(tmp_path.iterdir()) == []


def test_an_address_of_another_machine_is_one_line(project: Project, tmp_path: Path) -> None:
    done = served(project, tmp_path, HOST="192.0.2.1", PORT="0")
    assert done.returncode == 3
    [line] = done.stdout.splitlines()
    assert line.endswith("cannot listen on 192.0.2.1, port 0: cannot assign requested address")


@pytest.mark.parametrize("error", ["ValueError", "SystemExit", "KeyboardInterrupt", "BaseException"])
def test_a_start_that_fails_ends_with_3_and_its_reason_is_said_last(
    project: Project, tmp_path: Path, error: str
) -> None:
    with component(project, "orders", FAILING.replace("ValueError", error)):
        done = served(project, tmp_path, PORT="0")
    assert done.returncode == 3
    last = done.stdout.splitlines()[-1]
    reason = f"component orders failed to start: {error}: no orders today"
    assert last.endswith(f"the service did not start: {reason}")
    assert done.stdout.count("the service did not start") == 1


def test_a_preparation_that_fails_ends_with_3_and_says_why(project: Project, tmp_path: Path) -> None:
    failing = FAILING.replace("    Thread(target=sleep, args=(1000,)).start()\n", "")
    with component(project, "orders", failing.replace("start=start", "prepare=start")):
        done = served(project, tmp_path, PORT="0")
    assert done.returncode == 3
    assert "CRITICAL" in done.stdout
    assert "the service did not start: orders failed to prepare" in done.stdout
    assert done.stdout.splitlines()[-1].strip() == "ValueError: no orders today"


def leaving(project: Project) -> AbstractContextManager[None]:
    """Add routes that leave."""
    return component(project, "orders", LEAVING + ROUTES[project.answers["framework"]])


@pytest.mark.parametrize(("how", "error"), [("exit", "SystemExit"), ("cancel", "CancelledError")])
def test_a_route_that_leaves_ends_its_request_and_not_the_worker(
    project: Project, tmp_path: Path, how: str, error: str
) -> None:
    with leaving(project), running(project, tmp_path) as service:
        [worker] = service.workers()
        for _ in range(3):
            assert service.server.ask("GET", f"/leave/{how}").status == 500
        assert service.workers() == [worker]
        assert service.counts() == {("GET", "/leave/{how}", "500"): 3}
        assert service.stop() == 0
    assert service.server.log.count(f"{error}: a route\n") == 3


def test_where_no_thread_is_to_be_had_the_service_is_not_ready_and_goes_on(project: Project, tmp_path: Path) -> None:
    with leaving(project), running(project, tmp_path, HEALTH_CACHE_SECONDS="0") as service:
        server, [worker] = service.server, service.workers()
        server.send("GET", "/leave/scarce", "/leave/{how}", 200)
        for _ in range(3):
            asked = [server.ask("GET", path).status for path in ("/livez", "/metrics", "/readyz", "/health")]
            assert asked == [200, 200, 503, 503]
            server.send("GET", "/api/bookmarks", "/api/bookmarks", 200)
        with ThreadPoolExecutor(8) as pool:
            answers = [one.status for one in pool.map(partial(server.ask, "GET"), ["/api/bookmarks"] * 40)]
        # A route of FastAPI that is no coroutine function needs a thread of its own.
        assert set(answers) <= ({200, 500} if project.answers["framework"] == "fastapi" else {200})
        server.sent.update(("GET", "/api/bookmarks", str(status)) for status in answers)
        assert service.counts() == server.sent
        assert service.workers() == [worker]
        assert service.stop() == 0


@pytest.mark.parametrize("command", [["serve"], ["db", "upgrade"]])
def test_ctrl_c_ends_what_waits_for_a_locked_database(
    workshop: Callable[[Answers], Project], tmp_path: Path, command: list[str]
) -> None:
    project, log = workshop({}), tmp_path / "log"
    with closing(sqlite3.connect(tmp_path / "service.db", isolation_level=None)) as other, log.open("wb") as output:
        other.execute("BEGIN IMMEDIATE")
        process = subprocess.Popen(
            [".venv/bin/python", "-m", project.answers["package_name"], *command],
            cwd=project.path,
            env=environment(HOST=HOST, PORT="0", DATABASE_URL=f"sqlite:///{tmp_path}/service.db"),
            stdout=output,
            stderr=output,
        )
        time.sleep(6)  # until it waits
        process.send_signal(signal.SIGINT)
        assert process.wait(5) == -signal.SIGINT
    assert "Traceback" not in log.read_text()


def test_a_process_that_counts_alone_stays_alone(project: Project, tmp_path: Path) -> None:
    with running(project, tmp_path) as service:
        alone = service.workers()
        service.process.send_signal(signal.SIGTTIN)  # gunicorn adds a worker
        time.sleep(2)
        assert service.workers() == alone
        assert service.stop() == 0


def test_several_workers_that_do_not_start_end_the_same(workshop: Callable[[Answers], Project], tmp_path: Path) -> None:
    project = workshop({"framework": "flask", "workers": "several"})
    with component(project, "orders", FAILING):
        done = served(project, tmp_path, PORT="0", WORKERS="4")
    assert done.returncode == 3
    assert done.stdout.splitlines()[-1].endswith("failed to start: ValueError: no orders today")
    assert done.stdout.count("the service did not start") == 1


@pytest.mark.parametrize("variables", [{"WORKERS": "4"}, {"WORKERS": "two"}, {"MAX_REQUESTS": "100"}])
def test_who_asks_one_process_for_several_is_told_what_to_do(
    workshop: Callable[[Answers], Project], tmp_path: Path, variables: dict[str, str]
) -> None:
    done = served(workshop({}), tmp_path, PORT="0", **variables)
    assert done.returncode == 2
    [_, line] = done.stdout.splitlines()
    [name] = variables
    assert line.startswith(f"{name}: this service is generated for one process: unset it and start more replicas")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("variables", [{"WORKERS": "1", "MAX_REQUESTS": "0"}, {"WORKERS": "", "MAX_REQUESTS": ""}])
def test_who_asks_one_process_for_one_gets_it(
    workshop: Callable[[Answers], Project], tmp_path: Path, variables: dict[str, str]
) -> None:
    with running(workshop({}), tmp_path, **variables) as service:
        assert len(service.workers()) == 1
        report = service.server.ask("GET", "/health").json()
        assert report["scope"] == "all"
        assert service.stop() == 0


def test_a_closed_terminal_ends_the_service_and_frees_its_port(project: Project, tmp_path: Path) -> None:
    server = Server(free_port())
    ours, theirs = pty.openpty()
    process = subprocess.Popen(
        ["setsid", "--ctty", "--wait", ".venv/bin/python", "-m", project.answers["package_name"], "serve"],
        cwd=project.path,
        env=environment(HOST=HOST, PORT=str(server.port), DATABASE_URL=f"sqlite:///{tmp_path}/service.db"),
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)
    try:
        wait_until_ready(server, process)
        os.close(ours)
        process.wait(20)
        with socket.create_server((HOST, server.port)):
            pass
    finally:
        process.kill()


@pytest.mark.parametrize("number", [signal.SIGHUP, signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_a_request_finish_and_the_end_is_0(project: Project, tmp_path: Path, number: int) -> None:
    with running(project, tmp_path) as service:
        with socket.create_connection((HOST, service.server.port), timeout=10) as connection:
            body = json.dumps({"url": "https://example.com/", "title": "Example"}).encode()
            head = "POST /api/bookmarks HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            connection.sendall(f"{head}Connection: close\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body[:10])
            time.sleep(0.3)
            service.process.send_signal(number)
            for worker in service.workers():  # as a terminal does
                if number != signal.SIGTERM:
                    os.kill(worker, number)
            time.sleep(0.3)
            connection.sendall(body[10:])
            answer = b"".join(iter(lambda: connection.recv(65_536), b""))
        assert answer.startswith(b"HTTP/1.1 201")
        assert service.process.wait(20) == 0


def test_the_first_line_says_where_it_serves(project: Project, tmp_path: Path) -> None:
    with running(project, tmp_path) as service:
        first = service.log.read_text(encoding="utf-8").splitlines()[0]
        page = "/docs" if project.answers["framework"] == "fastapi" else "/"
        assert first.endswith(f" http://{HOST}:{service.server.port}{page}")
        assert service.server.ask("GET", page).status == 200


@pytest.mark.parametrize("form", ["text", "json"])
def test_the_server_logs_as_the_service_does_and_once(project: Project, tmp_path: Path, form: str) -> None:
    with running(project, tmp_path, LOG_FORMAT=form) as service:
        assert service.server.ask("GET", "/api/bookmarks").status == 200
        assert service.stop() == 0
    [line] = [line for line in service.log.read_text(encoding="utf-8").splitlines() if "Booting worker" in line]
    if form == "json":
        assert json.loads(line)["logger"] == "gunicorn.error"
    else:
        assert " INFO    gunicorn.error: Booting worker" in line


def test_a_service_that_outlives_its_terminal_on_purpose_does_so(
    workshop: Callable[[Answers], Project], tmp_path: Path
) -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)  # what nohup does, and a child inherits
    try:
        with running(workshop({}), tmp_path) as service:
            service.process.send_signal(signal.SIGHUP)
            time.sleep(1.5)
            assert service.server.ask("GET", "/livez").status == 200
            assert service.stop() == 0
    finally:
        signal.signal(signal.SIGHUP, before)
