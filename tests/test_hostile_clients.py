"""No client can make the service remember more, fail or complain, however often it tries."""

import io
import json
import re
import socket
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from functools import partial
from pathlib import Path
from resource import RLIMIT_NOFILE, getrlimit, prlimit, setrlimit
from time import perf_counter, sleep

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
MALFORMED_REQUESTS = [
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
    "GET / HT",
    "POST /api/bookmarks HTTP/1.1\r\nHost: 127",
]
MALFORMED_BODIES = [
    POST + "Content-Length: many\r\n\r\n{}",
    POST + "Content-Length: -1\r\n\r\n{}",
    POST + "Content-Length: 2\r\nContent-Length: 3\r\n\r\n{}",
    POST + "Content-Length: 1000\r\n\r\n{",
    POST + "Content-Length: 2\r\n\r\n\xff\xfe",
    POST + "Transfer-Encoding: chunked\r\n\r\nmany\r\n{}\r\n0\r\n\r\n",
    POST + "Transfer-Encoding: chunked\r\n\r\n2\r\n{",
]
# Whole JSON, none, and a part: a server that takes the end of the connection for that of the body gives all three on.
BROKEN_OFF = [
    POST + f"Content-Length: 100\r\n\r\n{body}" for body in ('{"url": "https://example.com/", "title": "x"}', "", "{")
]
MALFORMED = {"requests": MALFORMED_REQUESTS, "bodies": MALFORMED_BODIES}


@pytest.fixture(params=questions()["framework"])
def project(request: pytest.FixtureRequest, workshop: Callable[[Answers], Project]) -> Project:
    """Return an installed project of each framework."""
    return workshop({"framework": request.param})


def statuses(port: int, requests: list[str]) -> set[int]:
    """Send requests one after the other, over connections that are kept until the server closes them."""
    seen: set[int] = set()
    waiting = iter(requests)
    request = next(waiting, None)
    while request is not None:
        with socket.create_connection((HOST, port), timeout=30) as connection, connection.makefile("rb") as answers:
            while request is not None:
                with suppress(ConnectionError):
                    connection.sendall(request.encode())
                status = answer(answers)
                if status is None:
                    break
                seen.add(status)
                request = next(waiting, None)
    return seen


def answer(answers: io.BufferedReader) -> int | None:
    """Read one answer to its end and return its status; None where the server has closed the connection."""
    try:
        line = answers.readline()
    except ConnectionError:
        return None
    if not line:
        return None
    length, chunked = 0, False
    while header := answers.readline().strip().lower():
        name, _, value = header.partition(b":")
        if name == b"content-length":
            length = int(value)
        chunked = chunked or (name, value.strip()) == (b"transfer-encoding", b"chunked")
    while chunked and (chunk := int(answers.readline(), 16)):
        answers.read(chunk + len("\r\n"))
    length = len("\r\n") if chunked else length
    assert len(answers.read(length)) == length
    return int(line.split()[1])


def flood(port: int, requests: list[str]) -> set[int]:
    """Send all requests from a few clients at the same time; return the statuses of the answers."""
    shares = [requests[client::CLIENTS] for client in range(CLIENTS)]
    with ThreadPoolExecutor(CLIENTS) as pool:
        return set().union(*pool.map(lambda share: statuses(port, share), shares))


def offend(port: int, texts: list[str]) -> None:
    """Send what is no request, or half of one; whatever the server answers, it is not 500."""
    for text in texts:
        with socket.create_connection((HOST, port), timeout=10) as connection, suppress(ConnectionError):
            connection.sendall(text.encode("latin-1"))
            with suppress(OSError):  # the server may have closed it already
                connection.shutdown(socket.SHUT_WR)
            printed = b"".join(iter(lambda connection=connection: connection.recv(65_536), b""))  # type: ignore[misc]
            assert not printed.startswith(b"HTTP/1.1 5"), (text[:80], printed[:200])


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
    sent = 0
    with running(project, tmp_path, POLLING_INTERVAL_SECONDS="86400") as service:  # its first poll adds series
        port = service.server.port

        def attack(name: str, share: slice) -> None:
            nonlocal sent
            if name in FLOODS:
                answered[name] = flood(port, FLOODS[name][share])
                sent += len(FLOODS[name][share])
            else:
                offend(port, 10 * MALFORMED[name])

        def added(share: slice) -> dict[str, int]:
            return {name: new_label_sets(service, partial(attack, name, share)) for name in [*MALFORMED, *FLOODS]}

        first = added(slice(None, None, 10))
        assert max(first.values()) <= NEW_LABEL_SETS, first
        warm = resident_kib(service)
        # What a tenth did not add, all of them do not add either, that tenth sent again included.
        assert added(slice(None)) == dict.fromkeys([*MALFORMED, *FLOODS], 0)
        assert resident_kib(service) < 1.1 * warm
        assert answered.pop("hosts") <= {400, 404}
        assert answered == {"paths": {404}, "path parameters": {404}, "methods": {405}}

        families = service.server.scrape()
        requests = families["http_requests"].samples
        assert sum(sample.value for sample in requests) >= sent == 24_200
        assert {sample.labels["status"] for sample in requests} <= {"400", "404", "405", "414", "422", "431", "499"}
        assert {sample.value for sample in families["http_requests_in_progress"].samples} == {0}
        assert "metrics_errors" not in families or not families["metrics_errors"].samples
        assert service.server.ask("GET", "/readyz").status == 200
        assert service.stop() == 0
    for sign in ("ERROR", "CRITICAL", "Traceback"):
        assert sign not in service.server.log


def test_a_body_that_breaks_off_is_counted_as_499_and_nothing_is_done(project: Project, tmp_path: Path) -> None:
    with running(project, tmp_path) as service:
        offend(service.server.port, BROKEN_OFF)
        assert json.loads(service.server.ask("GET", "/api/bookmarks").body) == []
        asked = {("GET", "/api/bookmarks", "200"): 1, ("POST", "/api/bookmarks", "499"): len(BROKEN_OFF)}
        assert service.counts() == asked


def test_malformed_requests_are_one_line_a_minute_with_nothing_that_steers_a_terminal(
    project: Project, tmp_path: Path
) -> None:
    with running(project, tmp_path) as service:
        offend(service.server.port, [f"GET /{escape} HTTP/1.1 ERROR\r\n\r\n" for escape in 50 * "\x1b\x9b\n\x7f"])
    log = service.log.read_text(encoding="utf-8")
    assert len(re.findall("^.* WARNING ", log, re.MULTILINE)) <= 1
    assert log.replace("\n", "").isprintable()


def test_probes_wait_for_no_client_that_is_slow_or_silent(project: Project, tmp_path: Path) -> None:
    slow = [POST + "Content-Length: 100\r\n\r\n{", "GET /livez HTTP/1.1\r\n", ""]
    with running(project, tmp_path) as service, ExitStack() as connections:
        for text in 20 * slow:
            connection = connections.enter_context(socket.create_connection((HOST, service.server.port), 10))
            connection.sendall(text.encode())
        for path in ("/livez", "/readyz", "/metrics", "/health", "/api/health"):
            start = perf_counter()
            assert service.server.ask("GET", path).status == 200
            assert perf_counter() - start < 1


def test_requests_that_are_sent_at_once_are_all_answered(project: Project, tmp_path: Path) -> None:
    paths = ["/nowhere", "/livez", "/livez?x=1", "/nowhere", "/livez"]
    with running(project, tmp_path) as service, socket.create_connection((HOST, service.server.port), 10) as connection:
        connection.sendall("".join(map(GET.format, paths)).encode())
        with connection.makefile("rb") as answers:
            assert [answer(answers) for _ in paths] == [404, 200, 200, 404, 200]


def test_more_connections_than_a_process_may_have_are_one_line_a_minute(
    workshop: Callable[[Answers], Project], tmp_path: Path
) -> None:
    with running(workshop({"framework": "fastapi"}), tmp_path) as service, ExitStack() as stack:
        [worker] = service.workers()
        assert service.server.ask("GET", "/api/bookmarks").status == 200
        prlimit(worker, RLIMIT_NOFILE, (len(list(Path(f"/proc/{worker}/fd").iterdir())) + 20,) * 2)
        for _ in range(40):
            stack.enter_context(socket.create_connection((HOST, service.server.port), timeout=10))
        sleep(3)  # the worker tries again every second
        stack.close()
        assert service.server.ask("GET", "/api/bookmarks").status == 200
        assert service.workers() == [worker]
        assert service.stop() == 0
    assert service.server.log.count("socket.accept() out of system resource") == 1


def test_more_connections_than_descriptors_end_no_worker(project: Project, tmp_path: Path) -> None:
    usual = getrlimit(RLIMIT_NOFILE)
    with ExitStack() as stack:
        setrlimit(RLIMIT_NOFILE, (256, usual[1]))  # the service begins with it; 1024 are usual
        try:
            service = stack.enter_context(running(project, tmp_path))
        finally:
            setrlimit(RLIMIT_NOFILE, usual)
        workers = service.workers()
        for _ in range(4):
            with ExitStack() as idle:
                for _ in range(300):
                    idle.enter_context(socket.create_connection((HOST, service.server.port), timeout=10))
                sleep(1)
                assert service.workers() == workers
        assert service.server.ask("GET", "/api/bookmarks").status == 200
        assert service.workers() == workers
        assert service.stop() == 0


def test_who_is_no_trusted_proxy_says_nothing_of_the_scheme_or_the_path(project: Project, tmp_path: Path) -> None:
    forged = "SCRIPT_NAME: /elsewhere\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Ssl: off\r\n\r\n"
    with running(project, tmp_path, FORWARDED_ALLOW_IPS="*") as service:
        for path in ("/api/bookmarks", "/metrics", "/readyz"):
            assert statuses(service.server.port, [GET.format(path).removesuffix("\r\n") + forged]) == {200}
        assert service.stop() == 0
