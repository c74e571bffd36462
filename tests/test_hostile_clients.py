"""No client can make the service remember more, fail or complain, however often it tries."""

import io
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest
from bakery import Answers, Project, questions
from server import HOST
from test_workers import Service, running

CLIENTS = 4
NEW_LABEL_SETS = 3

GET = "GET {} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n"
POST = "POST /api/bookmarks HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
FLOODS = {
    "paths": [GET.format(f"/nowhere/{number}") for number in range(10_000)],
    "path parameters": [GET.format(f"/api/bookmarks/{number}") for number in range(10_000, 20_000)],
    "methods": [f"BREW-{number} /api/bookmarks HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n" for number in range(1_000)],
    "hosts": [f"GET /nowhere HTTP/1.1\r\nHost: {number}.example.com\r\n\r\n" for number in range(1_000)],
}
# Each on a connection of its own, which the client closes when it has said this.
MALFORMED = [
    "\r\n\r\n\r\n",
    "\x00\x01\x02\x03\r\n\r\n",
    "GET\r\n\r\n",
    "GET / HTTP/9.9\r\n\r\n",
    "GET /a b HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "GET / HTTP/1.1\r\nno colon\r\n\r\n",
    "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
    "GET /%ff%fe%00 HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n",
    "GET / HTTP/1.1\r\nX: " + 100_000 * "x" + "\r\n\r\n",
    "GET /" + 100_000 * "x" + " HTTP/1.1\r\n\r\n",
    POST + "Content-Length: many\r\n\r\n{}",
    POST + "Content-Length: -1\r\n\r\n{}",
    POST + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    POST + "Content-Length: 1000\r\n\r\n{",
    POST + "Content-Length: 2\r\n\r\n\xff\xfe",
    POST + "Transfer-Encoding: chunked\r\n\r\nmany\r\n{}\r\n0\r\n\r\n",
    POST + "Transfer-Encoding: chunked\r\n\r\n2\r\n{",
    "GET / HT",
    "POST /api/bookmarks HTTP/1.1\r\nHost: 127",
]


@pytest.fixture(params=questions()["framework"])
def project(request: pytest.FixtureRequest, workshop: Callable[[Answers], Project]) -> Project:
    """Return an installed project of each framework."""
    return workshop({"framework": request.param})


def statuses(port: int, requests: list[str]) -> set[int]:
    """Send requests one after the other over a connection that is kept; return the statuses of the answers."""
    seen = set()
    connection: socket.socket | None = None
    for request in requests:
        if connection is None:
            connection = socket.create_connection((HOST, port), timeout=10)
            answers = connection.makefile("rb")
        connection.sendall(request.encode())
        status, closes = answer(answers)
        seen.add(status)
        if closes:
            answers.close()
            connection.close()
            connection = None
    if connection is not None:
        answers.close()
        connection.close()
    return seen


def answer(answers: io.BufferedReader) -> tuple[int, bool]:
    """Read one answer to its end; return its status, and whether the server closes the connection after it."""
    status = int(answers.readline().split()[1])
    length, closes = 0, False
    while header := answers.readline().strip().lower():
        name, _, value = header.partition(b":")
        if name == b"content-length":
            length = int(value)
        closes = closes or (name, value.strip()) == (b"connection", b"close")
    assert len(answers.read(length)) == length
    return status, closes


def flood(port: int, requests: list[str]) -> set[int]:
    """Send all requests from a few clients at the same time; return the statuses of the answers."""
    shares = [requests[client::CLIENTS] for client in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        return set().union(*pool.map(lambda share: statuses(port, share), shares))


def offend(port: int) -> None:
    """Send what is no request, or half of one; whatever the server answers, it is not 500."""
    for text in MALFORMED:
        with socket.create_connection((HOST, port), timeout=10) as connection, suppress(ConnectionError):
            connection.sendall(text.encode("latin-1"))
            connection.shutdown(socket.SHUT_WR)
            said = b"".join(iter(lambda connection=connection: connection.recv(65_536), b""))  # type: ignore[misc]
            assert not said.startswith(b"HTTP/1.1 5"), (text[:80], said[:200])


def label_sets(service: Service) -> dict[str, set[tuple[tuple[str, str], ...]]]:
    """Return the label sets of each metric in a scrape, buckets and quantiles apart."""
    return {
        name: {
            tuple(sorted((label, value) for label, value in sample.labels.items() if label != "le"))
            for sample in family.samples
        }
        for name, family in service.server.scrape().items()
    }


def new_label_sets(service: Service, attack: Callable[[], object]) -> int:
    """Return the largest number of label sets that an attack adds to one metric."""
    before = label_sets(service)
    attack()
    return max(len(sets - before.get(name, set())) for name, sets in label_sets(service).items())


def resident_kib(service: Service) -> int:
    """Return the memory of all processes of a service, in KiB."""
    pids = [service.process.pid, *service.workers()]
    lines = "".join(Path(f"/proc/{pid}/status").read_text(encoding="utf-8") for pid in pids).splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("VmRSS"))


def test_floods_add_no_series_no_memory_and_no_error(project: Project, tmp_path: Path) -> None:
    answered: dict[str, set[int]] = {}
    with running(project, tmp_path) as service:
        port = service.server.port

        def attack(name: str) -> None:
            if name == "malformed":
                for _ in range(10):
                    offend(port)
            else:
                answered[name] = flood(port, FLOODS[name])

        names = ["malformed", *FLOODS]
        first = {name: new_label_sets(service, partial(attack, name)) for name in names}
        assert max(first.values()) <= NEW_LABEL_SETS, first
        assert answered.pop("hosts") <= {400, 404}
        assert answered == {"paths": {404}, "path parameters": {404}, "methods": {405}}
        warm = resident_kib(service)
        assert {name: new_label_sets(service, partial(attack, name)) for name in names} == dict.fromkeys(names, 0)
        assert resident_kib(service) < 1.1 * warm

        families = service.server.scrape()
        requests = families["http_requests"].samples
        assert sum(sample.value for sample in requests) >= 2 * sum(map(len, FLOODS.values()))
        assert {sample.labels["status"] for sample in requests} <= {"400", "404", "405", "414", "422", "431", "499"}
        assert {sample.value for sample in families["http_requests_in_progress"].samples} == {0}
        assert "metrics_errors" not in families or not families["metrics_errors"].samples
        assert service.server.ask("GET", "/readyz").status == 200
        assert service.stop() == 0
    for sign in ("ERROR", "CRITICAL", "Traceback"):
        assert sign not in service.server.said
