"""Who knows Flask finds in a service what they expect: its commands, its servers, its extensions."""

import json
import subprocess
from collections.abc import Callable
from contextlib import closing
from email.message import Message
from http.client import HTTPConnection
from pathlib import Path

import pytest
from bakery import Answers, Bakery, Project, environment
from interpreters import uv
from server import HOST, served_by
from test_live_server import bookmark_round_trip, counted

REQUESTS = ("http_requests", "http_requests_total", "method", "endpoint", "status")
SERVERS = {
    "flask run": ["flask", "--app", "{package}.app", "run", "--host", HOST, "--port", "{port}"],
    "flask run --debug": ["flask", "--app", "{package}.app", "run", "--debug", "--host", HOST, "--port", "{port}"],
    "gunicorn": ["gunicorn", "{package}.app:app", "--threads", "8", "--bind", HOST + ":{port}"],
    "serve": ["python", "-m", "{package}", "serve"],
}

# From the README of flask-cors and of flask-limiter, but for the limit and the origin.
THIRD_PARTY = """
from flask import abort, request
from flask_cors import CORS
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address

CORS(app, origins="https://example.com")
limiter = Limiter(get_remote_address, app=app, storage_uri="memory://")


@app.before_request
def check_token():
    if request.path.startswith("/members") and request.method != "OPTIONS" and not request.authorization:
        abort(401)


@app.get("/members/<int:number>")
@limiter.limit("2 per minute")
def member(number):
    if number == 0:
        raise ZeroDivisionError
    return {"number": number}


@app.errorhandler(ZeroDivisionError)
def come_back_later(error):
    return "come back later", 503
"""


@pytest.fixture(scope="module")
def project(workshop: Callable[[Answers], Project]) -> Project:
    """Return an installed project."""
    return workshop({"framework": "flask"})


@pytest.mark.parametrize("name", SERVERS)
def test_requests_are_counted_alike_by_every_server(project: Project, tmp_path: Path, name: str) -> None:
    with served_by(project, tmp_path, SERVERS[name]) as server:
        bookmark_round_trip(server)
        server.send("GET", "/nowhere", "unmatched", 404)
        assert counted(server.scrape(), *REQUESTS) == server.sent
    assert "Traceback" not in server.log


def test_the_commands_of_flask_know_the_application(project: Project, tmp_path: Path) -> None:
    package = project.answers["package_name"]
    flask = [".venv/bin/flask", "--app", f"{package}.app"]
    database = {"DATABASE_URL": f"sqlite:///{tmp_path}/service.db"}
    assert "/api/bookmarks/<id>" in project.run(*flask, "routes").stdout
    project.run(".venv/bin/python", "-m", package, "db", "upgrade", more=database)
    imports = f"from {package}.bookmarks import service; from {package}.platform.db import get_session"
    statements = f"{imports}; print(app.name, service.find(next(get_session()), 10))"
    asked = subprocess.run(
        [*flask, "shell"],
        cwd=project.path,
        env=environment(**database),
        input=statements,
        capture_output=True,
        text=True,
        check=True,
    )
    assert f"{package}.app []" in asked.stdout


def test_extensions_are_added_by_their_readme_and_counted_as_sent(bakery: Bakery, tmp_path: Path) -> None:
    project = bakery.bake_into(tmp_path / "extended", {"framework": "flask"})
    project.run(uv(), "add", "--quiet", "flask-cors", "flask-limiter")
    with (project.path / f"src/{project.answers['package_name']}/app.py").open("a", encoding="utf-8") as app:
        app.write(THIRD_PARTY)
    member = "/members/{number}"
    token = {"Authorization": "Bearer abc"}
    preflight = {"Origin": "https://example.com", "Access-Control-Request-Method": "GET"}
    with served_by(project, tmp_path, SERVERS["serve"]) as server:

        def ask(method: str, path: str, status: int, headers: dict[str, str]) -> tuple[Message, bytes]:
            connection = HTTPConnection(HOST, server.port, timeout=10)
            with closing(connection):
                connection.request(method, path, headers=headers)
                answer = connection.getresponse()
                assert answer.status == status
                server.sent[method, member, str(status)] += 1
                return answer.headers, answer.read()

        ask("GET", "/members/1", 401, {})
        assert ask("OPTIONS", "/members/1", 200, preflight)[0]["access-control-allow-origin"] == "https://example.com"
        ask("GET", "/members/1", 200, token)
        assert ask("GET", "/members/0", 503, token)[1] == b"come back later"
        assert json.loads(ask("GET", "/members/1", 429, token)[1])["detail"] == "2 per 1 minute"
        assert counted(server.scrape(), *REQUESTS) == server.sent
    assert "Traceback" not in server.log
