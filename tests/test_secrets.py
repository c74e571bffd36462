"""What operators may see, nobody else does; and secrets nobody: no report, log, setting shown or error has one."""

import http.client
import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from bakery import Answers, Project, questions
from server import HOST, free_port
from test_workers import Service, running

TOKEN, PASSWORD, KEY, HEADER, BODY = (
    f"planted-{name}-0123456789abcdef0123456789abcdef" for name in ["token", "dsn", "key", "header", "body"]
)
PLANTED = (TOKEN, PASSWORD, KEY, HEADER, BODY)
CHECKED = 'health_check_duration_seconds_count{check="database"} '
CACHE_SECONDS = 0.2
REQUESTS = 1_000


@pytest.fixture(params=questions()["framework"])
def project(request: pytest.FixtureRequest, workshop: Callable[[Answers], Project]) -> Project:
    """Return an installed project of each framework, for a database whose URL has a password."""
    return workshop({"framework": request.param, "database": "postgresql"})


@pytest.fixture
def unreachable() -> dict[str, str]:
    """Return the settings of production, with a database where nobody listens."""
    url = f"postgresql://service:{PASSWORD}@{HOST}:{free_port()}/service?sslpassword={PASSWORD}"
    secrets = {"SECRET_KEY": KEY, "OPERATIONS_TOKEN": TOKEN, "DATABASE_URL": url}
    return {"ENVIRONMENT": "production", "LOG_LEVEL": "DEBUG", "ALLOWED_HOSTS": HOST, **secrets}


@pytest.fixture
def service(project: Project, unreachable: dict[str, str], tmp_path: Path) -> Iterator[Service]:
    """Return a service of each framework in production, which misses its database."""
    with running(project, tmp_path, probe="/livez", **unreachable) as started:
        yield started


def ask(
    service: Service, method: str, path: str, authorization: bytes = b"", body: bytes | None = None
) -> tuple[int, str]:
    """Send a request; return the status, and the headers with the body after an empty line."""
    headers: dict[str, str | bytes] = {"Content-Type": "application/json"}
    if authorization:
        headers["Authorization"] = authorization
    connection = http.client.HTTPConnection(HOST, service.server.port, timeout=30)
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    shown = f"{answer.headers}{answer.read().decode().strip()}"
    connection.close()
    return answer.status, shown


def test_no_secret_is_in_a_report_a_log_the_settings_or_an_error(
    project: Project, service: Service, unreachable: dict[str, str]
) -> None:
    wrong = f"Bearer {HEADER}".encode()
    right = f"Bearer {TOKEN}".encode()
    stored = json.dumps({"url": "https://example.com/", "title": BODY}).encode()
    answers = [
        *(
            ask(service, "GET", path, sent)
            for path in ("/health", "/readyz", "/metrics")
            for sent in (b"", wrong, right)
        ),
        ask(service, "POST", "/api/bookmarks", wrong, stored),
        ask(service, "POST", "/api/bookmarks", wrong, stored.replace(b"https:", b"")),
        ask(service, "POST", "/api/bookmarks", wrong, stored[:-1]),
        ask(service, "GET", f"/api/bookmarks?token={BODY}", wrong),
        ask(service, "GET", f"/nowhere/{BODY}", wrong),
        ask(service, "BREW", "/api/bookmarks", wrong),
    ]
    statuses = [status for status, _ in answers]
    assert statuses[:9] == [503] * 6 + [401, 401, 200]
    assert {500, 404, 405, 422} <= set(statuses[9:])
    shown = project.run(".venv/bin/python", "-m", project.answers["package_name"], "config", "show", more=unreachable)
    assert f"postgresql://service:***@{HOST}:" in shown.stdout
    assert service.stop() == 0
    log = service.log.read_text(encoding="utf-8")
    assert "health check database: " in log
    assert "Traceback" in log
    texts = [*(text for _, text in answers), shown.stdout, log]
    assert [(secret, text) for text in texts for secret in PLANTED if secret in text] == []


def test_only_the_token_opens_the_details_and_a_header_that_cannot_be_read_is_none(service: Service) -> None:
    for sent in (b"", b"Bearer", b"Bearer \xff\xfe", b"\xc3\xbc " + TOKEN.encode(), b"Basic " + TOKEN.encode()):
        status, shown = ask(service, "GET", "/health", sent)
        assert (status, json.loads(shown.rpartition("\n")[2])) == (503, {"status": "unhealthy"})
        status, shown = ask(service, "GET", "/metrics", sent)
        assert (status, "\nwww-authenticate: bearer\n" in shown.lower()) == (401, True)
        assert ask(service, "HEAD", "/metrics", sent)[0] == 401
    _, shown = ask(service, "GET", "/health", b"bearer " + TOKEN.encode())
    checks = json.loads(shown.rpartition("\n")[2])["checks"]
    assert checks["database"]["status"] in {"failed", "timeout"}


def test_reports_under_load_cost_one_run_of_the_checks_in_a_cache_period(
    project: Project, tmp_path: Path, figures: list[str]
) -> None:
    def report(times: int) -> None:
        connection = http.client.HTTPConnection(HOST, started.server.port, timeout=30)
        for _ in range(times):
            connection.request("GET", "/health")
            answer = connection.getresponse()
            assert (answer.status, b'"healthy"' in answer.read()) == (200, True)
        connection.close()

    def runs() -> float:
        text = started.server.ask("GET", "/metrics").body.decode()
        return float(text.partition(CHECKED)[2].partition("\n")[0])

    database = {"DATABASE_URL": f"sqlite:///{tmp_path}/service.db", "HEALTH_CACHE_SECONDS": str(CACHE_SECONDS)}
    with running(project, tmp_path, **database) as started:
        before, start = runs(), time.perf_counter()
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(report, [REQUESTS // 4] * 4))
        seconds = time.perf_counter() - start
        added = runs() - before
        assert started.stop() == 0
    name = project.answers["framework"]
    figures.append(f"{REQUESTS} reports, {name}: {seconds:.1f} s, {added:g} runs of the checks")
    assert 1 <= added <= seconds / CACHE_SECONDS + 1
