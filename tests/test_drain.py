"""SIGTERM under load: nothing is lost during the drain, probes tell the truth, and the end is 0."""

import http.client
import json
import os
import signal
import socket
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from bakery import Answers, Project, questions
from prometheus_client import Metric
from server import HOST, component, wait_for
from test_workers import Service, running

DRAIN = 2.0  # seconds
FRAMEWORKS = questions()["framework"]
SHUTDOWN = ("application_shutting_down", "graceful_shutdown_duration_seconds", "active_tasks_at_shutdown")

SUBSCRIBERS = '''"""Subscribes to every event; some subscribers fail or hang."""

import logging
from time import sleep

from ..platform.core import Component, Event

log = logging.getLogger(__name__)


def fail() -> None:
    """Fail."""
    log.warning("orders prepare")
    raise ValueError("no orders any more")


def hang() -> None:
    """Hang."""
    log.warning("orders shut down")
    sleep(1000)


component = Component(
    name="orders",
    stop=lambda: log.warning("orders stop"),
    events={
        Event.STARTED: lambda: log.warning("orders started"),
        Event.PREPARE_SHUTDOWN: fail,
        Event.SHUTDOWN: hang,
    },
)
'''


ENDLESS = '''"""Streams without an end."""

from time import sleep

from ..platform.core import Component
{imports}


def endless():
    """Parts of a body, without an end."""
    while True:
        yield b"x" * 10_000
        sleep(0.01)


{route}
component = Component(name="endless", routes={routes})
'''
STREAMS = {
    "fastapi": {
        "imports": "from fastapi import APIRouter\nfrom fastapi.responses import StreamingResponse",
        "route": "router = APIRouter()\nrouter.add_api_route('/endless', lambda: StreamingResponse(endless()))\n",
        "routes": "router",
    },
    "flask": {
        "imports": "from flask import Blueprint, Response",
        "route": "router = Blueprint('endless', __name__)\nrouter.get('/endless')(lambda: Response(endless()))\n",
        "routes": "router",
    },
    "django": {
        "imports": "from django.http import StreamingHttpResponse\nfrom django.urls import path",
        "route": "",
        "routes": "[path('endless', lambda request: StreamingHttpResponse(endless()))]",
    },
}


@dataclass
class Load:
    """Clients that ask without a pause, each request answered or lost.

    Attributes:
        answers: how many there were of each status.
        lost: when a request got no answer (monotonic), and why.
        told_to_close: answers that said `Connection: close`.

    """

    port: int
    keep_alive: bool
    answers: Counter[int] = field(default_factory=Counter)
    lost: list[tuple[float, str]] = field(default_factory=list)
    told_to_close: int = 0
    ending: bool = False

    def run(self) -> None:
        """Ask until the service is gone."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=10)
        headers = {} if self.keep_alive else {"Connection": "close"}
        while not self.ending:
            try:
                connection.connect() if connection.sock is None else None
            except OSError as error:
                self.lost.append((time.monotonic(), f"connect: {error!r}"))
                time.sleep(0.01)
                continue
            try:
                connection.request("GET", "/api/bookmarks?limit=1", headers=headers)
                response = connection.getresponse()
                response.read()
                self.answers[response.status] += 1
                self.told_to_close += response.headers.get("connection") == "close"
                if response.headers.get("connection") == "close":
                    connection.close()
            except (OSError, http.client.HTTPException) as error:
                self.lost.append((time.monotonic(), f"request: {error!r}"))
                connection.close()
        connection.close()


@contextmanager
def loaded(port: int, clients: int = 6) -> Iterator[list[Load]]:
    """Run clients until the block ends; half of them keep their connection."""
    loads = [Load(port, keep_alive=number % 2 == 0) for number in range(clients)]
    threads = [threading.Thread(target=load.run) for load in loads]
    for thread in threads:
        thread.start()
    try:
        yield loads
    finally:
        for load in loads:
            load.ending = True
        for thread in threads:
            thread.join()


def seconds_to_unready(service: Service, begin: float) -> float:
    """Return how long readiness said 200 after that."""
    while service.server.ask("GET", "/readyz").status == 200:
        assert time.monotonic() < begin + 5
    return time.monotonic() - begin


def in_progress(scrape: dict[str, Metric]) -> float:
    """Return how many requests are under way."""
    return sum(sample.value for sample in scrape["http_requests_in_progress"].samples)


@pytest.fixture(scope="module", params=FRAMEWORKS)
def framework(request: pytest.FixtureRequest) -> str:
    """Return each framework's name."""
    return str(request.param)


@pytest.mark.parametrize("workers", ["one", "several"])
def test_nothing_is_lost_during_the_drain(
    workshop: Callable[[Answers], Project], tmp_path: Path, framework: str, workers: str
) -> None:
    project = workshop({"framework": framework, "workers": workers})
    settings = {"WORKERS": "3", "MAX_REQUESTS": "0"} if workers == "several" else {}
    with (
        running(project, tmp_path, SHUTDOWN_DRAIN_SECONDS=str(DRAIN), **settings) as service,
        socket.create_connection((HOST, service.server.port)) as silent,  # never asks anything
        loaded(service.server.port) as loads,
    ):
        time.sleep(0.5)
        begin = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        unready = seconds_to_unready(service, begin)
        assert service.server.ask("GET", "/readyz").json() == {"status": "draining"}
        assert service.server.ask("GET", "/livez").status == 200
        assert service.server.ask("GET", "/health").json()["status"] == "unhealthy"
        time.sleep(DRAIN / 2)
        if workers == "several":
            os.kill(service.workers()[0], signal.SIGKILL)  # its requests are lost, and no others
            os.kill(service.process.pid, signal.SIGHUP)
        scrape = service.server.scrape()
        code = service.process.wait(40)
        took = time.monotonic() - begin
        silent.close()
    assert code == 0
    assert unready < 0.3  # 0.1 on a quiet machine
    assert DRAIN <= took < DRAIN + 18  # long before SHUTDOWN_TIMEOUT_SECONDS
    answers = sum((load.answers for load in loads), Counter())
    assert set(answers) == {200}
    assert answers[200] > 100
    lost = [one for load in loads for one in load.lost if one[0] < begin + DRAIN]
    assert len(lost) <= (len(loads) if workers == "several" else 0), lost
    assert all(load.told_to_close > 1 for load in loads)
    last = {name: scrape[name].samples[0].value for name in SHUTDOWN}
    assert last["application_shutting_down"] == 1
    assert DRAIN / 2 - 0.2 < last["graceful_shutdown_duration_seconds"] < DRAIN
    assert 0 <= last["active_tasks_at_shutdown"] <= len(loads) + 1
    sums = f"unready after {unready:.3f} s, {answers[200]} answered, {len(lost)} lost"
    print(f"{framework}, {workers}: {sums}, {took:.1f} s")


def test_a_second_signal_ends_at_once(workshop: Callable[[Answers], Project], tmp_path: Path, framework: str) -> None:
    with running(workshop({"framework": framework}), tmp_path, SHUTDOWN_DRAIN_SECONDS="60") as service:
        service.process.send_signal(signal.SIGTERM)
        time.sleep(0.5)
        begin = time.monotonic()
        service.process.send_signal(signal.SIGTERM)
        assert service.process.wait(20) == 0
        assert time.monotonic() - begin < 15  # not the 60 of a drain


def test_whoever_neither_reads_nor_ends_is_cut_off_at_the_time_out(
    workshop: Callable[[Answers], Project], tmp_path: Path, framework: str
) -> None:
    settings = {"SHUTDOWN_DRAIN_SECONDS": "0.5", "SHUTDOWN_TIMEOUT_SECONDS": "2"}
    body = json.dumps({"url": "https://example.com/", "title": "Example"})
    head = (
        f"POST /api/bookmarks HTTP/1.1\r\nHost: {HOST}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
    )
    with (
        running(workshop({"framework": framework}), tmp_path, **settings) as service,
        socket.create_connection((HOST, service.server.port)) as slow,
    ):
        slow.sendall(f"{head}\r\n\r\n{body[:10]}".encode())  # the rest never comes
        wait_for(lambda: in_progress(service.server.scrape()) == 1)
        begin = time.monotonic()
        assert service.stop() == 0
        assert 2 <= time.monotonic() - begin < 9


def test_streams_are_cut_off_at_the_time_out_and_counted_as_gone(
    workshop: Callable[[Answers], Project], tmp_path: Path, framework: str
) -> None:
    project = workshop({"framework": framework})
    settings = {"SHUTDOWN_DRAIN_SECONDS": "1", "SHUTDOWN_TIMEOUT_SECONDS": "2", "ACCESS_LOG": "true"}
    ask = f"GET /endless HTTP/1.1\r\nHost: {HOST}\r\n\r\n".encode()
    with (
        component(project, "endless", ENDLESS.format(**STREAMS[framework])),
        running(project, tmp_path, **settings) as service,
        socket.create_connection((HOST, service.server.port), timeout=10) as reads,
        socket.create_connection((HOST, service.server.port), timeout=10) as never_reads,
    ):
        for connection in (reads, never_reads):
            connection.sendall(ask)
        reader = threading.Thread(target=lambda: [None for _ in iter(lambda: read(reads), b"")])
        reader.start()
        wait_for(lambda: in_progress(service.server.scrape()) == 2)
        begin = time.monotonic()
        assert service.stop() == 0
        assert 3 <= time.monotonic() - begin < 11
        reader.join(10)
        assert not reader.is_alive()
    assert service.server.log.count("GET /endless 499 ") == 2


def read(connection: socket.socket) -> bytes:
    """Return what comes next, or nothing where the connection is gone."""
    try:
        return connection.recv(65_536)
    except OSError:
        return b""


def test_subscribers_that_fail_or_hang_keep_nobody(
    workshop: Callable[[Answers], Project], tmp_path: Path, framework: str
) -> None:
    project = workshop({"framework": framework})
    with component(project, "orders", SUBSCRIBERS), running(project, tmp_path) as service:
        wait_for(lambda: "orders started" in service.log.read_text(encoding="utf-8"))
        assert service.stop() == 0
    log = service.server.log
    wanted = [
        "orders started",
        "orders prepare",
        "no orders any more",
        "orders shut down",
        "is left behind",
        "orders stop",
    ]
    places = [log.index(words) for words in wanted]
    assert places == sorted(places)
    assert log.count("orders prepare") == 1


@pytest.mark.parametrize("framework", ["flask", "django"])
def test_a_client_that_does_not_close_its_end_keeps_nobody_waiting(
    workshop: Callable[[Answers], Project], tmp_path: Path, framework: str
) -> None:
    with running(workshop({"framework": framework}), tmp_path) as service:
        lingering = []
        for _ in range(4):
            connection = socket.create_connection((HOST, service.server.port), timeout=10)
            connection.sendall(f"GET /livez HTTP/1.1\r\nHost: {HOST}\r\nConnection: close\r\n\r\n".encode())
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
            lingering.append(connection)
        begin = time.monotonic()
        assert service.server.ask("GET", "/livez").status == 200
        took = time.monotonic() - begin
        for connection in lingering:
            connection.close()
    assert took < 1
