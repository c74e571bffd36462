"""A component is a folder: adding it brings all its parts, deleting it takes them away, and everything stays green."""

import json
import shutil

import pytest
from bakery import ROOT, Bakery, Project, copy_of_template, questions
from interpreters import uv
from server import serving

DUMMY = ROOT / "tests" / "dummy_component"
ROUTES = ROOT / "tests" / "dummy_routes"  # of each framework


@pytest.fixture(scope="module", params=questions()["framework"])
def project(request: pytest.FixtureRequest, bakery: Bakery, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return an installed project of a template with one more question, `extra`, whose answer adds the dummy."""
    framework = request.param
    template = copy_of_template(tmp_path_factory.mktemp("seam") / "template")
    path = template / "cookiecutter.json"
    asked = json.loads(path.read_text(encoding="utf-8"))
    path.write_text(json.dumps({**asked, "extra": ["none", "greeter"]}), encoding="utf-8")
    for folder in (DUMMY, ROUTES / framework):
        shutil.copytree(folder, template / "options" / "extra" / "greeter", dirs_exist_ok=True)
    answers = {"framework": framework, "extra": "greeter"}
    project = bakery.bake_into(tmp_path_factory.mktemp("with-greeter"), answers, template)
    project.run("make", "setup", f"UV={uv()}")
    return project


def everything_is_green(project: Project) -> None:
    """Run the project's tests and hooks."""
    project.run("git", "add", "--all")
    project.run("make", "test")
    project.run(".venv/bin/pre-commit", "run", "--all-files")


def test_a_component_folder_brings_its_files_and_all_is_green(project: Project) -> None:
    assert project.text("docs/greeter.md").startswith("# The greeter\n")
    everything_is_green(project)
    assert "1 passed" in project.run("make", "test", "ARGS=tests/greeter").stdout


def test_a_component_folder_brings_its_parts_to_the_running_service(project: Project) -> None:
    assert "GREETER_WORD" in project.run(".venv/bin/python", "-m", "example_service", "config", "show").stdout
    with serving(project, GREETER_WORD="Welcome") as server:
        assert server.send("GET", "/api/greeter/Ada", "/api/greeter/{name}", 200).json() == {"greeting": "Welcome, Ada"}
        families = server.scrape()
        [greeted] = [one for one in families["greeter_greetings"].samples if one.name == "greeter_greetings_total"]
        assert (greeted.labels, greeted.value) == ({"guest": "known"}, 1)
        [requests] = [one for one in families["http_requests"].samples if one.name == "http_requests_total"]
        assert requests.labels == {"method": "GET", "endpoint": "/api/greeter/{name}", "status": "200"}
        assert "greeter" in str(server.ask("GET", "/health").json())
    assert "greeter started" in server.log
    assert "greeter stopped" in server.log


def test_deleting_the_example_component_leaves_everything_green(project: Project) -> None:
    found = [path for path in project.tracked() if any("bookmarks" in part for part in path.parts)]
    assert {path.parts[0] for path in found} >= {"src", "tests"}
    for path in found:
        (project.path / path).unlink()
    for folder in ("src/example_service/bookmarks", "tests/bookmarks"):
        shutil.rmtree(project.path / folder)
    project.run("make", "dashboards")
    everything_is_green(project)
    project.run("make", "monitoring-check")
    with serving(project) as server:
        server.send("GET", "/api/bookmarks", "unmatched", 404)
        assert server.send("GET", "/api/greeter/Ada", "/api/greeter/{name}", 200).json() == {"greeting": "Hello, Ada"}
        assert "bookmarks" not in str(sorted(server.scrape()))
