"""Starts a generated service the way its users do, and counts what is sent to it."""

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

from bakery import Project, environment
from prometheus_client import Metric
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_openmetrics
from prometheus_client.parser import text_string_to_metric_families as parse_text

HOST = "127.0.0.1"
METHODS = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"}
OPENMETRICS = "application/openmetrics-text; version=1.0.0"


@dataclass(frozen=True)
class Response:
    """A status and a body."""

    status: int
    body: bytes

    def json(self) -> dict[str, object]:
        """Return the body as the object that it must be."""
        document = json.loads(self.body)
        assert isinstance(document, dict)
        return document


@dataclass
class Server:
    """A running service, and after its end its `log`.

    `sent` counts the requests by method, endpoint and status, as the service should.
    """

    port: int
    seconds_to_ready: float = 0.0
    log: str = ""
    sent: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ask(self, method: str, path: str, body: object = None, accept: str = "*/*", token: str = "") -> Response:
        """Send a request that is not counted: probes and the scrape itself."""
        connection = http.client.HTTPConnection(HOST, self.port, timeout=10)
        headers = {"Accept": accept, "Content-Type": "application/json"}
        headers |= {"Authorization": f"Bearer {token}"} if token else {}
        try:
            connection.request(method, path, None if body is None else json.dumps(body), headers)
            response = connection.getresponse()
            return Response(response.status, response.read())
        finally:
            connection.close()

    def send(self, method: str, path: str, endpoint: str, status: int, body: object = None) -> Response:
        """Send a request, check its status, and count it as the service should."""
        response = self.ask(method, path, body)
        assert response.status == status, (method, path, response)
        with self.lock:
            known = method in METHODS and status != 405
            self.sent[method if known else "_OTHER", endpoint, str(status)] += 1
        return response

    def scrape(self, *, openmetrics: bool = False) -> dict[str, Metric]:
        """Return what /metrics says now, parsed."""
        response = self.ask("GET", "/metrics", accept=OPENMETRICS if openmetrics else "*/*")
        assert response.status == 200
        parse = parse_openmetrics if openmetrics else parse_text
        return {family.name: family for family in parse(response.body.decode())}


def free_port() -> int:
    """Return a port that nobody listens on."""
    with socket.socket() as listener:
        listener.bind((HOST, 0))
        port = listener.getsockname()[1]
    assert isinstance(port, int)
    return port


@contextmanager
def component(project: Project, name: str, source: str) -> Iterator[None]:
    """Add a component of that name to a project for the time of a block."""
    folder = project.path / "src" / project.answers["package_name"] / name
    folder.mkdir()
    try:
        (folder / "__init__.py").write_text(f'"""The {name}."""\n', encoding="utf-8")
        (folder / "component.py").write_text(source, encoding="utf-8")
        yield
    finally:
        shutil.rmtree(folder)


@contextmanager
def serving(project: Project, **more: str) -> Iterator[Server]:
    """Run `make run` until the block ends, which must stop it cleanly; on a free port if `more` names none."""
    server = Server(int(more.pop("PORT", "") or free_port()))
    log = project.path / f"server-{server.port}.log"
    with log.open("wb") as output:
        start = time.perf_counter()
        process = subprocess.Popen(
            ["make", "run"],
            cwd=project.path,
            env=environment(HOST=HOST, PORT=str(server.port), **more),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait_until_ready(server, process)
            server.seconds_to_ready = time.perf_counter() - start
            yield server
        except BaseException as error:
            error.add_note(log.read_text(encoding="utf-8"))
            raise
        finally:
            # Not to its group: make tells the service too, and a second signal ends it at once.
            process.terminate()
            try:
                process.wait(30)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)
                raise
            finally:
                server.log = log.read_text(encoding="utf-8")
                log.unlink()


@contextmanager
def served_by(project: Project, folder: Path, command: list[str]) -> Iterator[Server]:
    """Serve with that command, on a database of its own, until the block ends."""
    server = Server(free_port())
    database = {"DATABASE_URL": f"sqlite:///{folder}/service.db"}
    package = project.answers["package_name"]
    project.run(".venv/bin/python", "-m", package, "db", "upgrade", more=database)
    program, *arguments = [word.format(package=package, port=server.port) for word in command]
    log = folder / "server.log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            [f".venv/bin/{program}", *arguments],
            cwd=project.path,
            env=environment(HOST=HOST, PORT=str(server.port), **database),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
        try:
            wait_until_ready(server, process)
            yield server
        finally:
            # Not to its group: gunicorn tells its workers, and a second signal in between can make one wait for itself.
            process.send_signal(signal.SIGINT)
            try:
                process.wait(20)
            finally:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                server.log = log.read_text(encoding="utf-8")


def wait_for(condition: Callable[[], bool], seconds: float = 20) -> float:
    """Wait until the condition holds, whatever it raises meanwhile, and return for how long, in seconds."""
    began = time.monotonic()
    while True:
        with suppress(OSError, AssertionError):
            if condition():
                return time.monotonic() - began
        assert time.monotonic() < began + seconds, "it does not become true"
        time.sleep(0.05)


def wait_until_ready(server: Server, process: subprocess.Popen[bytes], probe: str = "/readyz") -> None:
    """Ask the probe until it answers 200."""
    deadline = time.perf_counter() + 30
    while time.perf_counter() < deadline:
        assert process.poll() is None, f"make run ended {process.returncode}"
        try:
            if server.ask("GET", probe).status == 200:
                return
        except OSError:
            pass
        time.sleep(0.01)
    raise AssertionError("the service was not ready within 30 seconds")
