"""`make dev` says where it serves, and serves anew what changed; metrics survive that."""

import os
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from bakery import Answers, Project, environment, questions
from server import HOST, Server, free_port, wait_for, wait_until_ready

ENTRY = {"fastapi": "app.py", "flask": "app.py", "django": "urls.py"}


def save_and_wait_for(condition: Callable[[], bool], file: Path, content: str) -> None:
    """Save, and save again where the change came before the reloader had first looked at the file."""
    file.write_text(content, encoding="utf-8")
    try:
        wait_for(condition)
    except AssertionError:
        file.touch()
        wait_for(condition)


@pytest.mark.parametrize("framework", questions()["framework"])
def test_a_change_is_served_at_once_and_metrics_survive(
    workshop: Callable[[Answers], Project], tmp_path: Path, framework: str
) -> None:
    project = workshop({"framework": framework})
    server = Server(free_port())
    log = tmp_path / "log"
    entry = project.path / "src" / project.answers["package_name"] / ENTRY[framework]
    before = entry.read_text(encoding="utf-8")
    variables = {"HOST": HOST, "PORT": str(server.port), "DATABASE_URL": f"sqlite:///{tmp_path}/service.db"}
    with log.open("wb") as output:
        process = subprocess.Popen(
            ["make", "dev"],
            cwd=project.path,
            env=environment(**variables),
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    try:
        wait_until_ready(server, process)
        page = {"fastapi": "/docs"}.get(framework, "/")
        assert log.read_text(encoding="utf-8").splitlines()[0] == f"http://{HOST}:{server.port}{page}"
        assert server.ask("GET", page).status == 200
        places = server.ask("GET", "/").json()
        assert places["metrics"] == "/metrics"
        assert all(server.ask("GET", str(place)).status in (200, 302) for place in places.values())
        save_and_wait_for(
            lambda: server.ask("GET", "/").json()["health"] == "/readyz",
            entry,
            before.replace('"health": "/health"', '"health": "/readyz"'),
        )
        assert server.ask("POST", "/api/bookmarks", {"url": "https://example.com/", "title": "One"}).status == 201
        scraped = server.scrape()
        [created] = [
            sample.value
            for sample in scraped["http_requests"].samples
            if sample.name == "http_requests_total" and sample.labels["method"] == "POST"
        ]
        assert created == 1
        lines = [line for line in log.read_text(encoding="utf-8").splitlines() if "POST /api/bookmarks" in line]
        assert len(lines) == 1
        assert "POST /api/bookmarks 201" in lines[0]
        save_and_wait_for(
            lambda: server.ask("GET", "/").status == 500,
            entry,
            before.replace('return {"', 'raise ValueError("planted")\n        return {"').replace(
                "return JsonResponse(", 'raise ValueError("planted")\n    return JsonResponse('
            ),
        )
        assert b"planted" in server.ask("GET", "/", accept="text/html").body
        assert server.ask("GET", "/metrics").status == 200
    except BaseException as error:
        error.add_note(log.read_text(encoding="utf-8"))
        raise
    finally:
        entry.write_text(before, encoding="utf-8")
        os.killpg(process.pid, signal.SIGTERM)
        process.wait(20)
    assert "Duplicated timeseries" not in log.read_text(encoding="utf-8")


def test_production_is_refused(workshop: Callable[[Answers], Project]) -> None:
    done = subprocess.run(
        [".venv/bin/python", "-m", "tools.dev"],
        cwd=workshop({}).path,
        env=environment(ENVIRONMENT="production", SECRET_KEY="x" * 32),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr.splitlines()[-1].endswith("is production; this server is for development only")
