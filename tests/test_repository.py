"""A new project is a git repository with everything staged, unless somebody else looks after that."""

import os
import subprocess
from pathlib import Path

import pytest
from bakery import ROOT, TREE, Bakery, Project, copy_of_template, environment


def cookiecutter(bakery: Bakery, output: Path, **more: str) -> Project:
    """Generate with the command line, in an environment of the test's."""
    command = [str(ROOT / ".venv/bin/cookiecutter"), str(ROOT), "--no-input", "--config-file", str(bakery.config)]
    env = environment(**more)
    done = subprocess.run([*command, "-o", str(output)], env=env, check=True, capture_output=True, text=True)
    (output / "said").write_text(done.stdout + done.stderr, encoding="utf-8")
    return Project(output / "example-service")


def test_every_file_is_staged_on_main_and_nothing_committed(bakery: Bakery, tmp_path: Path) -> None:
    project = bakery.bake_into(tmp_path)
    assert project.tracked() == project.files()
    assert project.run("git", "symbolic-ref", "HEAD").stdout == "refs/heads/main\n"
    assert project.run("git", "rev-parse", "--verify", "HEAD", check=False).returncode != 0
    assert (
        project.run("git", "status", "--porcelain", "--untracked-files=all").stdout.count("\nA ")
        == len(project.files()) - 1
    )


def test_what_somebody_ignores_everywhere_is_staged_all_the_same(bakery: Bakery, tmp_path: Path) -> None:
    (tmp_path / ".gitconfig").write_text(f"[core]\nexcludesFile = {tmp_path}/ignored\n", encoding="utf-8")
    (tmp_path / "ignored").write_text(".env*\n*.json\n", encoding="utf-8")
    project = cookiecutter(bakery, tmp_path, HOME=str(tmp_path))
    assert project.tracked() == project.files()


def test_a_project_inside_a_repository_is_left_to_it(bakery: Bakery, tmp_path: Path) -> None:
    Project(tmp_path).run("git", "init", "--quiet")
    project = bakery.bake_into(tmp_path / "services")
    assert not (project.path / ".git").exists()
    assert Project(tmp_path).run("git", "diff", "--cached", "--name-only").stdout == ""


def test_the_variables_of_a_git_hook_do_not_lead_elsewhere(bakery: Bakery, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    Project(other).run("git", "init", "--quiet")
    before = Project(other).run("git", "status", "--porcelain").stdout
    elsewhere = {
        "GIT_DIR": str(other / ".git"),
        "GIT_WORK_TREE": str(other),
        "GIT_INDEX_FILE": str(other / ".git/index"),
    }
    project = cookiecutter(bakery, tmp_path, **elsewhere)
    assert project.tracked() == project.files()
    assert Project(other).run("git", "status", "--porcelain").stdout == before


def test_without_git_the_project_stays_and_one_line_says_what_to_do(bakery: Bakery, tmp_path: Path) -> None:
    binaries = tmp_path / "bin"
    binaries.mkdir()
    project = cookiecutter(bakery, tmp_path, PATH=str(binaries))
    assert project.files() == bakery.bake().files()
    printed = [line for line in (tmp_path / "said").read_text(encoding="utf-8").splitlines() if "No git" in line]
    assert len(printed) == 1
    assert f"run `git init && git add --all` in {project.path} once git works" in printed[0]


def test_the_last_three_lines_say_what_to_do_next(bakery: Bakery, tmp_path: Path) -> None:
    project = cookiecutter(bakery, tmp_path)
    assert [line.split("  ")[0] for line in (tmp_path / "said").read_text(encoding="utf-8").splitlines()] == [
        f"cd {project.path}",
        "make run",
        "make test",
    ]


@pytest.mark.parametrize("folder", [TREE, "options"])
def test_what_the_generated_gitignore_names_is_not_missing_from_the_template(tmp_path: Path, folder: str) -> None:
    copied = copy_of_template(tmp_path) / folder
    tracked = sorted(path.relative_to(copied) for path in copied.rglob("*") if path.is_file())
    walked = sorted(path.relative_to(ROOT / folder) for path in (ROOT / folder).rglob("*") if path.is_file())
    assert tracked == [path for path in walked if "__pycache__" not in path.parts]


@pytest.mark.parametrize("mask", [0o022, 0o077])
def test_no_file_is_executable_that_is_not_in_the_template(bakery: Bakery, tmp_path: Path, mask: int) -> None:
    old = os.umask(mask)
    try:
        project = bakery.bake_into(tmp_path)
    finally:
        os.umask(old)
    assert [path for path in project.files() if os.access(project.path / path, os.X_OK)] == []
