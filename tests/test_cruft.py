"""cruft creates what cookiecutter creates, and brings later versions of the template into a project."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest
from bakery import TREE, Bakery, Project, commit_all, copy_of_template, environment


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """Return a repository of the template with one commit."""
    folder = copy_of_template(tmp_path / "template")
    commit_all(folder, "First")
    return folder


def cruft(*arguments: str | Path, folder: Path, **more: str) -> str:
    """Run cruft and return what it said."""
    command = [sys.executable, "-m", "cruft", *arguments]
    env = environment(**more)
    done = subprocess.run(command, cwd=folder, env=env, capture_output=True, text=True, check=False)
    printed = done.stdout + done.stderr
    assert done.returncode == 0, printed
    return printed


def create(template: Path, output: Path, bakery: Bakery) -> Project:
    """Create a project with cruft and commit it."""
    output.mkdir()
    cruft("create", template, "--no-input", "--config-file", bakery.config, "--output-dir", output, folder=output)
    return Project(output / "example-service")


def test_cruft_creates_the_bytes_that_cookiecutter_creates(template: Path, tmp_path: Path, bakery: Bakery) -> None:
    project = create(template, tmp_path / "created", bakery)
    contents = project.contents()
    state = json.loads(contents.pop(".cruft.json"))
    assert state["template"] == str(template)
    assert contents == bakery.bake().contents()
    assert not (project.path / ".git").exists()


def test_an_update_brings_the_change_and_keeps_the_edit(template: Path, tmp_path: Path, bakery: Bakery) -> None:
    project = create(template, tmp_path / "created", bakery)
    licence = project.path / "LICENSE"
    licence.write_text(licence.read_text(encoding="utf-8") + "\nEdited here.\n", encoding="utf-8")
    commit_all(project.path, "Edited")

    changed = template / "options/license/MIT/LICENSE"
    changed.write_text("Changed in the template.\n" + changed.read_text(encoding="utf-8"), encoding="utf-8")
    (template / TREE / "docs").mkdir(exist_ok=True)
    (template / TREE / "docs" / "arrived.md").write_text("# {{ cookiecutter.project_name }}\n", encoding="utf-8")
    commit_all(template, "Second")
    cruft("update", "--skip-apply-ask", folder=project.path, COOKIECUTTER_CONFIG=str(bakery.config))

    assert project.text("docs/arrived.md") == "# Example Service\n"
    assert project.text("LICENSE").startswith("Changed in the template.\n")
    assert project.text("LICENSE").endswith("\nEdited here.\n")
    assert not list(project.path.rglob("*.rej"))
    head = Project(template).run("git", "rev-parse", "HEAD").stdout.strip()
    assert json.loads(project.text(".cruft.json"))["commit"] == head


@pytest.mark.parametrize("answers", [{"jobs": "command"}, {"workers": "several"}], ids="-".join)
def test_a_question_that_is_answered_anew_makes_the_service_of_that_answer_and_back(
    template: Path, tmp_path: Path, bakery: Bakery, answers: dict[str, str]
) -> None:
    project = create(template, tmp_path / "created", bakery)
    commit_all(project.path, "Created")
    before = {name: bakery.bake().answers[name] for name in answers}
    for now in (answers, before):
        changed = ["--refresh-private-variables", "--variables-to-update", json.dumps(now)]
        cruft("update", "--skip-apply-ask", *changed, folder=project.path, COOKIECUTTER_CONFIG=str(bakery.config))
        contents = project.contents()
        contents.pop(".cruft.json")
        assert contents == bakery.bake(now).contents()
        commit_all(project.path, "Answered anew")


def test_cruft_refuses_a_bad_slug_before_a_directory_exists(template: Path, tmp_path: Path, bakery: Bakery) -> None:
    output = tmp_path / "created"
    output.mkdir()
    command = [
        sys.executable,
        "-m",
        "cruft",
        "create",
        str(template),
        "--no-input",
        "--config-file",
        str(bakery.config),
    ]
    answers = json.dumps({"project_slug": f"{output}{os.sep}orders"})
    done = subprocess.run(
        [*command, "--extra-context", answers],
        cwd=output,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "project_slug must be 1 to 63 lower-case letters" in " ".join((done.stdout + done.stderr).split())
    assert list(output.iterdir()) == []
