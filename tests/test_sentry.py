"""With `sentry-sdk` and a DSN errors arrive at a stand-in for Sentry, without secrets and bodies."""

import gzip
import http.client
import json
import threading
from base64 import b64encode
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from bakery import Bakery, Project, questions
from interpreters import uv
from server import HOST, wait_for
from test_workers import running

FAILING = '''"""Fails."""

from ..platform.core import Component
from ..bookmarks import service


def fail(*arguments: object, **named: object) -> None:
    """Fail, with a secret in a local variable."""
    password = "-".join(("planted", "local", "secret"))  # the source is sent
    raise ValueError("planted " + str(len(password)))


service.create = fail
component = Component(name="orders")
'''
USER = f"Basic {b64encode(b'planted-user:planted-password').decode()}"
SECRETS = (
    "planted-local-secret",
    "planted-token",
    "planted-query",
    "planted-user",
    "planted-cookie",
    "planted-body",
    "planted-secret-key",
)


@pytest.fixture
def sentry() -> Iterator[tuple[int, list[str]]]:
    """Run a stand-in for Sentry, and collect what it is sent."""
    received: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            received.append(
                (gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body).decode()
            )
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *arguments: object) -> None:
            """Print nothing."""

    server = ThreadingHTTPServer((HOST, 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield server.server_address[1], received
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.mark.parametrize("framework", questions()["framework"])
def test_errors_arrive_without_secrets(
    bakery: Bakery, tmp_path: Path, framework: str, sentry: tuple[int, list[str]]
) -> None:
    project: Project = bakery.bake_into(tmp_path / "project", {"framework": framework})
    project.run("make", "setup", f"UV={uv()}")
    project.run(uv(), "pip", "install", "--quiet", "--python", ".venv/bin/python", "sentry-sdk")
    folder = project.path / "src" / project.answers["package_name"] / "orders"
    folder.mkdir()
    (folder / "__init__.py").write_text('"""Orders."""\n', encoding="utf-8")
    (folder / "component.py").write_text(FAILING, encoding="utf-8")
    port, received = sentry
    variables = {"SENTRY_DSN": f"http://key@{HOST}:{port}/1", "SECRET_KEY": "planted-secret-key" * 3}
    with running(project, tmp_path, **variables) as service:
        connection = http.client.HTTPConnection(HOST, service.server.port, timeout=10)
        body = json.dumps({"url": "https://example.com/", "title": "planted-body"})
        headers = {
            "Content-Type": "application/json",
            "Authorization": "Bearer planted-token",
            "Cookie": "session=planted-cookie",
        }
        connection.request("GET", "/api/bookmarks?after=0&token=planted-query", headers={"Authorization": USER})
        assert connection.getresponse().read().strip() == b"[]"
        connection.request("POST", "/api/bookmarks", body, headers)
        assert connection.getresponse().status == 500
        connection.close()
        wait_for(lambda: any("ValueError" in text for text in received))
        assert service.stop() == 0
    events = [text for text in received if "ValueError" in text]
    assert len(events) == 1
    assert f"{project.answers['project_slug']}@" in events[0]
    assert [secret for secret in SECRETS if secret in "".join(received)] == []
    assert [secret for secret in SECRETS if secret in service.server.log] == []
