"""What a newcomer runs first is green: the project's own tests, and its hooks on every file."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from bakery import Answers, Bakery, Project, questions

OFFLINE = {"UV_OFFLINE": "1", "PIP_NO_INDEX": "1"}
CONFIGURATION = ".pre-commit-config.yaml"


@pytest.fixture(scope="module")
def project(workshop: Callable[[Answers], Project], distinct_variant: Answers) -> Project:
    """Return the installed project of a variant."""
    return workshop(distinct_variant)


def test_the_projects_own_tests_are_green(project: Project, figures: list[str]) -> None:
    printed = project.run("make", "test").stdout
    summary = next(line for line in reversed(printed.splitlines()) if re.search(r"\d+ passed", line))
    assert not re.search(r"skipped|xfailed|xpassed|deselected|warning", summary)
    figures.append(f"generated suite: {summary.strip('= ')}")


def test_the_hooks_are_green_and_change_nothing(project: Project) -> None:
    project.run("git", "add", "--all")
    staged = project.run("git", "write-tree").stdout
    printed = project.run(".venv/bin/pre-commit", "run", "--all-files").stdout
    project.run("git", "add", "--all")
    assert project.run("git", "write-tree").stdout == staged
    results = re.findall(r"^.*\.(Passed|Failed|Skipped|\(no files to check\)Skipped)$", printed, re.MULTILINE)
    hooks = [hook for repo in yaml.safe_load(project.text(CONFIGURATION))["repos"] for hook in repo["hooks"]]
    present = {path.suffix.removeprefix(".") for path in project.tracked()}
    idle = [hook for hook in hooks if hook.get("types_or") == ["json"] and "json" not in present]
    assert len(results) == len(hooks) > 0
    assert results.count("Passed") == len(hooks) - len(idle), printed


@pytest.mark.parametrize("framework", questions()["framework"])
def test_the_hooks_run_offline_once_they_are_installed(workshop: Callable[[Answers], Project], framework: str) -> None:
    project = workshop({"framework": framework})
    project.run("git", "add", "--all")
    project.run(".venv/bin/pre-commit", "install-hooks")
    project.run(".venv/bin/pre-commit", "run", "--all-files", more=OFFLINE)


def test_the_hooks_look_at_every_file(
    project: Project, bakery: Bakery, distinct_variant: Answers, tmp_path: Path
) -> None:
    project.run("git", "add", "--all")
    configuration = yaml.safe_load(project.text(CONFIGURATION))
    hooks = [hook for repo in configuration["repos"] for hook in repo["hooks"]]
    assert all(hook.keys().isdisjoint({"files", "exclude", "exclude_types", "stages"}) for hook in hooks)
    counted = tmp_path / "counted"
    entry = f"""sh -c 'printf "%s\\n" "$@" >> {counted}' --"""
    counter = {"id": "counter", "name": "counter", "language": "unsupported", "entry": entry}
    configuration["repos"].append({"repo": "local", "hooks": [counter]})
    (tmp_path / "config.yaml").write_text(yaml.safe_dump(configuration), encoding="utf-8")
    project.run(".venv/bin/pre-commit", "run", "--all-files", "--config", str(tmp_path / "config.yaml"), "counter")
    seen = sorted(map(Path, counted.read_text(encoding="utf-8").splitlines()))
    assert seen == project.tracked()
    assert set(seen) == {*bakery.bake(distinct_variant).files(), Path("uv.lock")}


def test_a_hook_that_finds_something_fails(project: Project) -> None:
    guilty = project.path / "src" / "example_service" / "guilty.py"
    guilty.write_text(
        "import prometheus_client\n\nSEEN = prometheus_client.Counter('seen', 'Seen.')\n", encoding="utf-8"
    )
    try:
        project.run("git", "add", str(guilty))
        done = project.run(".venv/bin/pre-commit", "run", "ruff-check", "--all-files", check=False)
    finally:
        project.run("git", "rm", "--quiet", "--force", str(guilty))
    assert done.returncode != 0
    assert "TID251" in done.stdout
