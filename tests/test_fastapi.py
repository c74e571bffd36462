"""Who knows FastAPI finds in a service what they expect: its servers, its commands, packages by their README."""

import shutil
import subprocess
from contextlib import closing
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path

import pytest
from bakery import Bakery, Project, environment
from interpreters import uv
from server import HOST, served_by
from test_live_server import bookmark_round_trip, counted

REQUESTS = ("http_requests", "http_requests_total", "method", "endpoint", "status")
SERVERS = {
    "uvicorn": ["uvicorn", "{package}.app:app", "--host", HOST, "--port", "{port}"],
    "fastapi dev": ["fastapi", "dev", "--no-reload", "--host", HOST, "--port", "{port}"],
    "gunicorn": ["gunicorn", "{package}.app:app", "--worker-class", "asgi", "--bind", HOST + ":{port}"],
    "serve": ["python", "-m", "{package}", "serve"],
}

# From FastAPI's page about CORS and the README of slowapi, but for the origin, the limit and the path.
THIRD_PARTY = """
from fastapi.middleware.cors import CORSMiddleware

app.add_middleware(
    CORSMiddleware,
    allow_origins=["https://example.com"],
    allow_credentials=True,
    allow_methods=["*"],
    allow_headers=["*"],
)

from fastapi import Request
from fastapi.responses import PlainTextResponse
from slowapi import Limiter, _rate_limit_exceeded_handler
from slowapi.errors import RateLimitExceeded
from slowapi.util import get_remote_address

limiter = Limiter(key_func=get_remote_address)
app.state.limiter = limiter
app.add_exception_handler(RateLimitExceeded, _rate_limit_exceeded_handler)


@app.middleware("http")
async def check_token(request: Request, call_next):
    if request.url.path.startswith("/members") and "authorization" not in request.headers:
        return PlainTextResponse("who are you?", status_code=401)
    return await call_next(request)


@app.exception_handler(ZeroDivisionError)
async def come_back_later(request: Request, exc: ZeroDivisionError):
    return PlainTextResponse("come back later", status_code=503)


@app.get("/members/{number}")
@limiter.limit("2/minute")
async def member(request: Request, number: int):
    return {"number": 1 // number}


@app.get("/broken")
async def broken():
    raise RuntimeError("in the route")
"""

CONFLICT = """
from ..platform.core import Component
from ..platform.metrics import Counter, MetricGroup


class Again(MetricGroup, component="again"):
    requests = Counter("http_requests_total", "Requests, once more.")


component = Component(name="again", metrics=(Again,))
"""


@pytest.fixture(scope="module")
def project(bakery: Bakery, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a project to which packages were added."""
    project = bakery.bake_into(tmp_path_factory.mktemp("extended"), {"framework": "fastapi"})
    project.run(uv(), "add", "--quiet", "slowapi", "fastapi[standard]")
    with (project.path / f"src/{project.answers['package_name']}/app.py").open("a", encoding="utf-8") as app:
        app.write(THIRD_PARTY)
    return project


@pytest.mark.parametrize("name", SERVERS)
def test_every_server_counts_alike_and_logs_an_unhandled_error_once(
    project: Project, tmp_path: Path, name: str
) -> None:
    with served_by(project, tmp_path, SERVERS[name]) as server:
        bookmark_round_trip(server)
        server.send("GET", "/nowhere", "unmatched", 404)
        server.send("GET", "/broken", "/broken", 500)
        assert server.ask("HEAD", "/livez").status == 200
        assert counted(server.scrape(), *REQUESTS) == server.sent
    assert server.log.count("Traceback") == server.log.count("RuntimeError: in the route") == 1
    assert "WARNING" not in server.log


def test_packages_are_added_by_their_readme_and_counted_as_sent(project: Project, tmp_path: Path) -> None:
    member = "/members/{number}"
    token = {"Authorization": "Bearer abc"}
    preflight = {"Origin": "https://example.com", "Access-Control-Request-Method": "GET"}
    with served_by(project, tmp_path, SERVERS["serve"]) as server:

        def ask(method: str, path: str, endpoint: str, status: int, headers: dict[str, str]) -> tuple[Message, bytes]:
            connection = HTTPConnection(HOST, server.port, timeout=10)
            with closing(connection):
                connection.request(method, path, headers=headers)
                answer = connection.getresponse()
                assert answer.status == status
                server.sent[method, endpoint, str(status)] += 1
                return answer.headers, answer.read()

        ask("GET", "/members/1", "unmatched", 401, {})
        allowed, _ = ask("OPTIONS", "/members/1", "unmatched", 200, {**preflight, **token})
        assert allowed["access-control-allow-origin"] == "https://example.com"
        assert ask("GET", "/members/0", member, 503, token)[1] == b"come back later"
        for status in (200, 200, 429):
            ask("GET", "/members/1", member, status, token)
        assert counted(server.scrape(), *REQUESTS) == server.sent
    assert "Traceback" not in server.log


def test_the_commands_of_fastapi_know_the_application(project: Project) -> None:
    package = project.answers["package_name"]
    statement = f"from {package}.app import app; print(app.title)"
    assert project.run(".venv/bin/python", "-c", statement).stdout == "Example Service\n"


def test_two_metrics_of_one_name_end_the_start_with_both_named(project: Project, tmp_path: Path) -> None:
    package = project.answers["package_name"]
    again = project.path / "src" / package / "again"
    again.mkdir()
    (again / "__init__.py").write_text("", encoding="utf-8")
    (again / "component.py").write_text(CONFLICT, encoding="utf-8")
    try:
        done = subprocess.run(
            [".venv/bin/python", "-m", package, "serve"],
            cwd=project.path,
            env=environment(HOST=HOST, PORT="0", DATABASE_URL=f"sqlite:///{tmp_path}/service.db"),
            capture_output=True,
            text=True,
            check=False,
            timeout=30,
        )
    finally:
        shutil.rmtree(again)
    assert done.returncode == 3
    assert "MetricConflict: http_requests_total" in done.stderr
    assert f"{package}/again/component.py" in done.stderr
