"""A real nginx with the generated nginx.conf: what it hides stays hidden, and what passes is not lost or doubled."""

import http.client
import json
import os
import re
import shutil
import signal
import socket
import ssl
import subprocess
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from bakery import Answers, Bakery, Project, questions
from server import HOST, free_port, wait_for
from test_drain import loaded
from test_workers import Service, running

NOBODY = 65534  # who runs it in its image is not root
OUTSIDER = "127.0.0.2"  # an address of this machine that the allow-list lacks
TOKEN = "an-operations-token"  # noqa: S105
AUTHORIZATION = f"Authorization: Bearer {TOKEN}"
PRODUCTION = {
    "ENVIRONMENT": "production",
    "SECRET_KEY": 40 * "k",
    "OPERATIONS_TOKEN": TOKEN,
    "TRUSTED_PROXIES": HOST,
    "ALLOWED_HOSTS": f"service.example,{HOST}",
    "SHUTDOWN_DRAIN_SECONDS": "0",
    "ACCESS_LOG": "true",
}

# What only operators may see of /metrics and of the health report.
SECRETS = (b"# HELP", b'"version"', b'"healthy"', b'"alive"', b'"ready"')
HIDDEN = ("/metrics", "/health", "/api/health", "/livez", "/readyz")
PATHS = [
    "{path}",
    "{path}/",
    "/{path}",
    "//{path}",
    "{path}//",
    "/.{path}",
    "/x/..{path}",
    "/x/%2e%2e{path}",
    "/x%2f..{path}",
    "/%2e{path}",
    "/api/..{path}",
    "/api/bookmarks/..;{path}",
    "/..{path}",
    "/%2f{path}",
    "{path};x",
    "{path};/",
    "{path}%20",
    "{path}%09",
    "{path}%3b",
    "{path}%3fx",
    "{path}%2f",
    "{path}%5c",
    "{path}%2e",
    "{path}.",
    "{path}/.",
    "{path}/x/..",
    "{path}?x=1",
    "{path}#x",
    "{path}%23x",
    "{encoded}",
    "{twice}",
    "{upper}",
    "/\\{bare}",
    "http://127.0.0.1{path}",
    "http://service:8000{path}",
    "HTTP://elsewhere/{path}",
    "{path}\t",
    "*{path}",
]
METHODS = ("GET", "HEAD", "POST", "OPTIONS", "TRACE", "get", "PROPFIND")
HEADERS = [
    "X-Original-URL: {path}",
    "X-Rewrite-URL: {path}",
    "X-Forwarded-Prefix: /api",
    "X-Script-Name: /api",
    "SCRIPT_NAME: /api",
    "SCRIPT-NAME: /api",
    "PATH_INFO: {path}",
    "X-HTTP-Method-Override: GET",
    f"X-Forwarded-For: {HOST}",
    f"X-Real-IP: {HOST}",
    f"Forwarded: for={HOST}",
    "X-Forwarded-Host: localhost",
    "Host: localhost",
    "Connection: X-Forwarded-For, Authorization",
    "Transfer-Encoding: identity",
]
SMUGGLED = "POST /nowhere HTTP/1.1\r\nHost: a\r\n{how}\r\n\r\n0\r\n\r\nGET {path} HTTP/1.1\r\nHost: a\r\nX-Rest: "


@dataclass
class Proxy:
    """A running nginx, with its log after its end."""

    port: int
    tls_port: int
    folder: Path

    def lines(self) -> list[dict[str, object]]:
        """Return the lines of the access log."""
        return [json.loads(line) for line in (self.folder / "access.log").read_text(encoding="utf-8").splitlines()]

    def names(self) -> set[object]:
        """Return the names of the requests in the access log."""
        return {line["request_id"] for line in self.lines()}

    def say(self, request: str, source: str = HOST) -> bytes:
        """Send these bytes from that address, and return all that comes back."""
        with socket.create_connection((HOST, self.port), timeout=10, source_address=(source, 0)) as connection:
            connection.sendall(request.encode("latin-1"))
            return b"".join(iter(lambda: receive(connection), b""))

    def ask(self, method: str, path: str, *headers: str, source: str = HOST) -> "Answer":
        """Send one request from that address."""
        lines = [f"{method} {path} HTTP/1.1", "Host: service.example", "Connection: close", *headers, "", ""]
        return Answer(self.say("\r\n".join(lines), source))


class Answer:
    """One answer of nginx."""

    def __init__(self, raw: bytes) -> None:
        head, _, self.body = raw.partition(b"\r\n\r\n")
        first, *lines = head.decode("latin-1").split("\r\n")
        self.status = int(first.split(" ")[1])
        self.headers = [(name.lower(), value) for name, _, value in (line.partition(": ") for line in lines)]

    def all(self, name: str) -> list[str]:
        """Return each value of that header."""
        return [value for known, value in self.headers if known == name]


def receive(connection: socket.socket) -> bytes:
    """Return what comes next, and nothing when nginx has closed."""
    try:
        return connection.recv(65_536)
    except ConnectionResetError:
        return b""


def nginx() -> str:
    """Return the path of the program, which .ci/run installs."""
    found = shutil.which("nginx", path=f"{os.environ['PATH']}{os.pathsep}/usr/sbin")
    assert found, "nginx is missing: install it, like apt-get install --no-install-recommends nginx"
    return found


@contextmanager
def proxied(project: Project, *ports: int, edit: Callable[[str], str] = str) -> Iterator[Proxy]:
    """Run the project's nginx.conf in front of services on these ports, as nobody."""
    with TemporaryDirectory() as name:
        folder = Path(name)
        proxy = Proxy(free_port(), free_port(), folder)
        places = {
            " /dev/shm/": f" {folder}/",
            "server service:8000 ": "".join(f"server {HOST}:{port};" for port in ports[1:])
            + f"server {HOST}:{ports[0]} ",
            "listen 8080;": f"listen {proxy.port};",
            "listen 8443 ssl;": f"listen {proxy.tls_port} ssl;",
            "/dev/stdout": str(folder / "access.log"),
            "/run/secrets/": f"{folder}/",
        }
        source = project.path / "monitoring/nginx"
        for file in source.iterdir():
            text = edit(file.read_text(encoding="utf-8"))
            for place, own in places.items():
                assert place in text or file.name != "nginx.conf" or "443" in place or "secrets" in place, place
                text = text.replace(place, own)
            (folder / file.name).write_text(text, encoding="utf-8")
        if "include tls.conf" in edit("include tls.conf"):
            make_certificate(folder)
        user = NOBODY if os.geteuid() == 0 else os.geteuid()
        for path in (folder, *folder.iterdir()):
            os.chown(path, user, -1)
        command = [nginx(), "-e", "stderr", "-c", str(folder / "nginx.conf"), "-g", "daemon off;"]
        with (folder / "errors.log").open("wb") as errors:
            process = subprocess.Popen(command, cwd="/", user=user, stdin=subprocess.DEVNULL, stderr=errors)
        try:
            wait_until_listening(proxy.port, process)
            yield proxy
            assert (folder / "errors.log").read_text(encoding="utf-8") == ""
        except BaseException as error:
            error.add_note((folder / "errors.log").read_text(encoding="utf-8"))
            raise
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(10)


def wait_until_listening(port: int, process: "subprocess.Popen[bytes]") -> None:
    """Wait until somebody listens there."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        assert process.poll() is None, f"nginx ended {process.returncode}"
        try:
            socket.create_connection((HOST, port), timeout=1).close()
        except OSError:
            time.sleep(0.01)
        else:
            return
    raise AssertionError("nginx does not listen")


def make_certificate(folder: Path) -> None:
    """Write a certificate for localhost that signs itself, and its key."""
    subject = ["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost", "-days", "2"]
    files = ["-keyout", str(folder / "tls_key"), "-out", str(folder / "tls_certificate")]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject, *files]
    subprocess.run(command, check=True, capture_output=True)


@dataclass
class Site:
    """A service in production behind nginx."""

    service: Service
    proxy: Proxy


@pytest.fixture(scope="module", params=questions()["framework"])
def project(request: pytest.FixtureRequest, workshop: Callable[[Answers], Project]) -> Project:
    """Return an installed project of each framework."""
    return workshop({"framework": request.param})


@pytest.fixture(scope="module")
def site(project: Project, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Return each framework's service behind nginx."""
    with running(project, tmp_path_factory.mktemp("service"), **PRODUCTION) as service:
        with proxied(project, service.server.port) as proxy:
            yield Site(service, proxy)
        assert service.stop() == 0


@pytest.fixture(scope="module")
def bare(bakery: Bakery) -> Project:
    """Return a project that is not installed: its nginx.conf is the same in all of them."""
    return bakery.bake()


@pytest.mark.parametrize("path", ["/metrics", "/health", "/api/health"])
def test_metrics_and_details_are_for_operators(site: Site, path: str) -> None:
    shown = b"# HELP" if path == "/metrics" else b'"version"'
    for headers in ([], [AUTHORIZATION]):
        refused = site.proxy.ask("GET", path, *headers, source=OUTSIDER)
        assert refused.status == 403
        assert json.loads(refused.body)["detail"] == "Forbidden"
    for headers in ([], ["Authorization: Bearer wrong"]):
        answer = site.proxy.ask("GET", path, *headers)
        assert answer.status == (401 if path == "/metrics" else 200)
        assert shown not in answer.body
    answer = site.proxy.ask("GET", path, AUTHORIZATION)
    assert answer.status == 200
    assert shown in answer.body


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
def test_probes_are_for_nobody_outside(site: Site, path: str) -> None:
    for source in (HOST, OUTSIDER):
        assert site.proxy.ask("GET", path, AUTHORIZATION, source=source).status == 404


def tricks(path: str) -> list[str]:
    """Return requests that might reach this path though nginx hides it."""
    encoded = f"/%{ord(path[1]):x}{path[2:]}"
    names = {
        "path": path,
        "bare": path[1:],
        "encoded": encoded,
        "twice": encoded.replace("%", "%25"),
        "upper": path.upper(),
    }
    common = f"Host: service.example\r\n{AUTHORIZATION}\r\nConnection: close\r\n"
    requests = [f"GET {form.format(**names)} HTTP/1.1\r\n{common}\r\n" for form in PATHS]
    requests += [f"{method} {path} HTTP/1.1\r\n{common}\r\n" for method in METHODS]
    requests += [
        f"GET {target} HTTP/1.1\r\n{common}{line.format(path=path)}\r\n\r\n"
        for line in HEADERS
        for target in (path, f"/api{path}", "/")
    ]
    requests += [f"GET {path} HTTP/1.0\r\n{AUTHORIZATION}\r\n\r\n", f"GET {path}\r\n"]
    lengths = ["Transfer-Encoding: chunked\r\nContent-Length: 4", "Transfer-Encoding : chunked\r\nContent-Length: 80"]
    requests += [SMUGGLED.format(how=how, path=path) + f"\r\n{AUTHORIZATION}\r\n\r\n" for how in lengths]
    return requests


def test_no_trick_gets_through(site: Site) -> None:
    direct = Proxy(site.service.server.port, 0, site.proxy.folder)
    reached = 0
    for path in HIDDEN:
        requests = tricks(path)
        with ThreadPoolExecutor(8) as pool:
            answers = list(pool.map(lambda request: site.proxy.say(request, OUTSIDER), requests))
        shown = [(one, answer) for one, answer in zip(requests, answers, strict=True) if leaks(answer)]
        assert shown == []
        reached += sum(leaks(direct.say(request)) for request in requests if request.startswith("GET"))
    assert reached > 100  # without nginx many of them do


def leaks(answer: bytes) -> bool:
    """Whether an answer, or one of several, has something that is for operators."""
    return any(secret in answer.replace(b'": "', b'":"') for secret in SECRETS)


def test_a_request_has_one_name_in_the_answer_and_in_every_log(site: Site) -> None:
    trace = 32 * "a"
    given = {
        "X-Request-ID: from-the_client.1": "from-the_client.1",
        f"traceparent: 00-{trace}-{16 * 'b'}-01": trace,
        'X-Request-ID: "}, {"admin": "': "",
        f"X-Request-ID: {65 * 'x'}": "",
        "Accept: */*": "",
    }
    names = set()
    for header, expected in given.items():
        answer = site.proxy.ask("GET", "/api/bookmarks", header)
        assert answer.status == 200
        [name] = answer.all("x-request-id")
        assert name == expected or (expected == "" and re.fullmatch("[0-9a-f]{32}", name))
        names.add(name)
    assert len(names) == len(given)
    wait_for(lambda: names <= site.proxy.names())
    text = site.service.log.read_text(encoding="utf-8")
    for name in names:
        assert len(re.findall(f"GET /api/bookmarks 200 .*request={re.escape(name)}$", text, re.MULTILINE)) == 1
    refused = site.proxy.ask("GET", "/metrics", source=OUTSIDER)
    assert [json.loads(refused.body)["request_id"]] == refused.all("x-request-id")


def test_a_client_counts_as_itself_whatever_it_says(site: Site) -> None:
    def users() -> int:
        answer = site.proxy.ask("GET", "/health", AUTHORIZATION)
        return int(json.loads(answer.body)["concurrent_users"])

    site.proxy.ask("GET", "/api/bookmarks")
    before = users()
    for number in (7, 8, 9):
        for forged in ("192.0.2.1", "192.0.2.2, 127.0.0.1"):
            headers = [f"X-Forwarded-For: {forged}", f"Forwarded: for={forged}", f"X-Real-IP: {forged}"]
            assert site.proxy.ask("GET", "/api/bookmarks", *headers, source=f"127.0.0.{number}").status == 200
    assert users() == before + 3


def test_what_a_client_says_of_proxies_breaks_no_request(site: Site) -> None:
    headers = ["X-Forwarded-Proto: https", "X-Forwarded-Ssl: on", "X-Forwarded-Protocol: ssl"]
    assert site.proxy.ask("GET", "/api/bookmarks", *headers).status == 200


def test_errors_of_the_proxy_look_like_those_of_the_service(site: Site) -> None:
    requests = {
        413: too_much("/api/bookmarks"),
        400: "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
        414: f"GET /{40_000 * 'x'} HTTP/1.1\r\nHost: a\r\n\r\n",
        403: "GET /metrics HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n",
    }
    for status, request in requests.items():
        answer = Answer(site.proxy.say(request, OUTSIDER))
        assert answer.status == status
        assert answer.all("content-type") == ["application/json"]
        assert answer.all("server") == ["nginx"]
        error = json.loads(answer.body)
        assert error["detail"]
        wait_for(partial(named, site.proxy, error["request_id"]))


def named(proxy: Proxy, name: object) -> bool:
    """Whether the access log has a request of that name."""
    return name in proxy.names()


def too_much(path: str) -> str:
    """Return a request with a larger body than is accepted."""
    return f"POST {path} HTTP/1.1\r\nHost: a\r\nContent-Length: 1100000\r\nConnection: close\r\n\r\n{1_100_000 * 'x'}"


def test_no_secret_is_logged(site: Site) -> None:
    secret = "hunter2hunter2"  # noqa: S105
    headers = [f"Authorization: Bearer {secret}", f"Cookie: session={secret}", f"Referer: https://a/?token={secret}"]
    for path in ("/api/bookmarks", "/metrics", "/nowhere", "/livez"):
        site.proxy.ask("GET", f"{path}?token={secret}", *headers, source=OUTSIDER)
    site.proxy.say(too_much(f"/?token={secret}"))
    wait_for(lambda: site.proxy.lines()[-1]["status"] == 413)
    for log in ("access.log", "errors.log"):
        assert secret not in (site.proxy.folder / log).read_text(encoding="utf-8")


@dataclass
class Fake:
    """A server that reads requests and answers each as it is told, or closes instead."""

    answer: bytes
    received: list[str] = field(default_factory=list)
    going_on: threading.Event = field(default_factory=threading.Event)

    def serve(self, listener: socket.socket) -> None:
        """Serve one connection after the other until the listener is closed."""
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            with connection:
                connection.settimeout(5)
                self.received.append(connection.recv(65_536).decode("latin-1"))
                for number, part in enumerate(self.answer.split(b"|")):
                    if number:
                        self.going_on.wait(5)
                    connection.sendall(part)


@contextmanager
def faked(answer: bytes) -> Iterator[tuple[Fake, int]]:
    """Run a fake server; the port is its own."""
    fake = Fake(answer)
    with socket.create_server((HOST, 0)) as listener:
        thread = threading.Thread(target=fake.serve, args=(listener,), daemon=True)
        thread.start()
        yield fake, listener.getsockname()[1]
        listener.shutdown(socket.SHUT_RDWR)
    thread.join(10)


OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nConnection: close\r\n\r\nok"


def test_only_what_is_safe_is_asked_twice(bare: Project) -> None:
    def each_time(text: str) -> str:
        return text.replace("max_fails=3", "max_fails=0")

    with (
        faked(b"") as (dies, first),
        faked(b"") as (also_dies, second),
        proxied(bare, first, second, edit=each_time) as proxy,
    ):
        for method in ("POST", "PUT", "PATCH", "DELETE", "OPTIONS", "LOCK"):
            assert proxy.ask(method, "/x", "Content-Length: 0").status == 502
            got = dies.received + also_dies.received
            assert [line.split(" ")[0] for line in got] == [method]
            dies.received.clear()
            also_dies.received.clear()
    for method in ("GET", "HEAD"):
        with faked(b"") as (_, first), faked(OK) as (_, second), proxied(bare, first, second) as proxy:
            assert [proxy.ask(method, "/x").status for _ in range(6)] == 6 * [200]


def test_a_stream_is_passed_on_as_it_comes_where_it_says_so(bare: Project) -> None:
    answer = b"HTTP/1.1 200 OK\r\nX-Accel-Buffering: no\r\nConnection: close\r\n\r\nfirst|last"
    with (
        faked(answer) as (fake, port),
        proxied(bare, port) as proxy,
        socket.create_connection((HOST, proxy.port), timeout=4) as connection,
    ):
        connection.sendall(b"GET /x HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
        came = b""
        while b"first" not in came:
            came += connection.recv(65_536)
        assert b"last" not in came
        fake.going_on.set()
        assert b"last" in b"".join(iter(lambda: receive(connection), b""))


def test_a_redirect_leads_back_to_the_proxy(bare: Project) -> None:
    answer = b"HTTP/1.1 307 Moved\r\nLocation: http://service.example/a?b=c\r\nContent-Length: 0\r\n\r\n"
    with faked(answer) as (_, port), proxied(bare, port) as proxy:
        assert proxy.ask("GET", "/a/").all("location") == ["/a?b=c"]


def test_a_client_that_asks_too_much_is_told(bare: Project) -> None:
    def slower(text: str) -> str:
        return text.replace("rate=100r/s", "rate=1r/m").replace("burst=200", "burst=2")

    with faked(OK) as (_, port), proxied(bare, port, edit=slower) as proxy:
        answers = [proxy.ask("GET", "/x") for _ in range(5)]
        assert [answer.status for answer in answers] == [200, 200, 200, 429, 429]
        assert json.loads(answers[-1].body)["detail"] == "Too Many Requests"
        assert proxy.ask("GET", "/x", source=OUTSIDER).status == 200


def test_with_tls_there_is_no_other_way_in(bare: Project) -> None:
    def switched_on(text: str) -> str:
        return text.replace("# include tls.conf;", "include tls.conf;")

    with faked(OK) as (fake, port), proxied(bare, port, edit=switched_on) as proxy:
        plain = proxy.ask("GET", "/x?limit=1")
        assert plain.status == 308
        assert plain.all("location") == ["https://service.example/x?limit=1"]
        context = ssl.create_default_context(cafile=str(proxy.folder / "tls_certificate"))
        connection = http.client.HTTPSConnection("localhost", proxy.tls_port, timeout=10, context=context)
        connection.request("GET", "/x", headers={"X-Forwarded-Proto": "http"})
        response = connection.getresponse()
        assert (response.status, response.read()) == (200, b"ok")
        connection.close()
        assert response.headers["Strict-Transport-Security"] == "max-age=31536000"
        assert response.headers["X-Request-ID"]
        [received] = fake.received
        assert received.count("X-Forwarded-Proto: https\r\n") == received.count("X-Forwarded-Proto:") == 1
        connection = http.client.HTTPSConnection("localhost", proxy.tls_port, timeout=10, context=context)
        connection.request("GET", "/livez")
        assert connection.getresponse().status == 404
        connection.close()


def test_a_drain_behind_the_proxy_loses_nothing(project: Project, site: Site, tmp_path: Path) -> None:
    settings = {**PRODUCTION, "SHUTDOWN_DRAIN_SECONDS": "1"}
    with running(project, tmp_path, **settings) as ends:
        port = ends.server.port
        with proxied(project, port, site.service.server.port, edit=without_limits) as proxy:
            with loaded(proxy.port) as loads:
                time.sleep(0.5)
                assert ends.stop() == 0
                time.sleep(0.5)
            lines = proxy.lines()
    answers = sum((load.answers for load in loads), Counter[int]())
    assert set(answers) == {200}
    assert [one for load in loads for one in load.lost] == []
    ended = sum(line["upstream"] == f"{HOST}:{port}" for line in lines)
    assert ended > 50
    again = sum(", " in str(line["upstream"]) for line in lines)
    print(
        f"{project.answers['framework']}: {ended} of {answers[200]} by the one that ends, {again} asked again, 0 lost"
    )


def without_limits(text: str) -> str:
    """Let one client ask as often as it likes."""
    return text.replace("rate=100r/s", "rate=100000r/s")
