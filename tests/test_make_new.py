"""`make new` in a fresh clone, with python3, git and make only, generates a service and says what to do next."""

import subprocess
import sys
from pathlib import Path

import pytest
from bakery import Bakery, Project, environment


@pytest.fixture(scope="module")
def clone(snapshot: Path, tmp_path_factory: pytest.TempPathFactory) -> Project:
    """Return a fresh clone beside nothing else."""
    folder = tmp_path_factory.mktemp("empty") / 'the $template "here"'
    subprocess.run(["git", "clone", "--quiet", snapshot, folder], env=environment(), check=True)
    return Project(folder)


@pytest.fixture(scope="module")
def home(bakery: Bakery) -> dict[str, str]:
    """Keep cookiecutter's own files out of the home directory."""
    return {"COOKIECUTTER_CONFIG": str(bakery.config)}


def test_it_generates_next_to_the_checkout(clone: Project, home: dict[str, str], bakery: Bakery) -> None:
    arguments = "ARGS=--no-input framework=fastapi project_name='Orders API'"
    printed = clone.run("make", "new", arguments, more=home).stdout.splitlines()
    project = Project(clone.path.parent / "orders-api")
    expected = bakery.bake({"project_name": "Orders API", "framework": "fastapi"})
    assert project.contents() == expected.contents()
    assert [line.split("  ")[0] for line in printed[-3:]] == [f"cd {project.path}", "make run", "make test"]
    assert clone.run("git", "status", "--porcelain").stdout == ""


def test_it_generates_into_a_folder_with_a_space(
    clone: Project, home: dict[str, str], bakery: Bakery, tmp_path: Path
) -> None:
    output = tmp_path / "my services"
    printed = clone.run("make", "new", "ARGS=--no-input", f"OUTPUT={output}", more=home).stdout
    assert Project(output / "example-service").contents() == bakery.bake().contents()
    assert f"cd '{output}/example-service'" in printed.splitlines()


def test_nothing_that_others_left_in_the_folder_for_temporary_files_is_run(
    clone: Project, home: dict[str, str], tmp_path: Path
) -> None:
    """Cookiecutter runs the hooks there, and Python looks for modules first beside what it runs."""
    for module in sys.stdlib_module_names:
        (tmp_path / f"{module}.py").write_text("raise SystemExit('a file of somebody else ran')\n", encoding="utf-8")
    more = {**home, "TMPDIR": str(tmp_path)}
    clone.run("make", "new", "ARGS=--no-input", f"OUTPUT={tmp_path}/services", more=more)
    assert (tmp_path / "services/example-service/.git/index").exists()


def test_it_asks_the_questions_with_their_explanations(clone: Project, home: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        ["make", "new", f"OUTPUT={tmp_path}"],
        cwd=clone.path,
        env=environment(**home),
        input="Typed Name\n" + "\n" * 20,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "Name of the service for people: the title of its README" in done.stdout
    assert "Web framework: metrics, health and settings are the same in all of them" in " ".join(done.stdout.split())
    assert (tmp_path / "typed-name").is_dir()


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("project_slug=a/b", "project_slug must be 1 to 63 lower-case letters"),
        ("author_email=nobody", "  author_email must be an address"),
        ("description={{", "an answer that contains Jinja cannot be used"),
        ("framework=cobol", "cobol provided for choice variable framework, but the choices are ['fastapi', 'flask', "),
        ("framwork=flask", "Error: framwork is no question; did you mean framework?"),
    ],
)
def test_a_refused_answer_fails_in_plain_words(
    clone: Project, home: dict[str, str], tmp_path: Path, answer: str, message: str
) -> None:
    arguments = ["make", "new", f"OUTPUT={tmp_path}/not/yet", f"ARGS=--no-input '{answer}'"]
    done = clone.run(*arguments, check=False, more=home)
    assert done.returncode != 0
    assert [line for line in done.stdout.splitlines() if line.startswith(message)]
    assert "Traceback" not in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_full_disk_is_told_in_plain_words_with_what_it_left(
    clone: Project, home: dict[str, str], tmp_path: Path
) -> None:
    """A limit of a file's size stops a write as a full disk does, and lets the files before it be written."""
    clone.run("make", ".venv/.new")
    command = f"ulimit -f 10; exec make new OUTPUT={tmp_path} ARGS=--no-input"
    done = clone.run("sh", "-c", f"trap '' XFSZ; {command}", check=False, more=home)
    assert done.returncode != 0
    assert "Traceback" not in done.stdout
    assert "the service cannot be written: [Errno 27] File too large" in done.stdout
    assert f"{tmp_path}/example-service may be incomplete: remove it before you try again" in done.stdout


def test_a_misspelt_name_is_refused_before_the_first_question(
    clone: Project, home: dict[str, str], tmp_path: Path
) -> None:
    done = clone.run("make", "new", f"OUTPUT={tmp_path}/not/yet", "ARGS=databse=postgresql", check=False, more=home)
    assert done.returncode != 0
    assert done.stdout.splitlines()[0] == "Error: databse is no question; did you mean database?"
    assert list(tmp_path.iterdir()) == []


def test_an_answer_beside_args_is_refused(clone: Project, home: dict[str, str], tmp_path: Path) -> None:
    command = ["make", "new", f"OUTPUT={tmp_path}/not/yet", "ARGS=--no-input", "framework=flask"]
    done = clone.run(*command, check=False, more=home)
    assert done.returncode != 0
    assert 'framework: answers go into ARGS, like ARGS="--no-input framework=flask"' in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_what_the_shell_exports_changes_nothing(
    snapshot: Path, tmp_path: Path, home: dict[str, str], bakery: Bakery
) -> None:
    folder = tmp_path / "checkout" / "template"
    subprocess.run(["git", "clone", "--quiet", snapshot, folder], env=environment(), check=True)
    (tmp_path / "modules").mkdir()
    for module in ("cookiecutter", "json", "pip", "sitecustomize"):
        (tmp_path / "modules" / f"{module}.py").write_text("raise SystemExit(__file__)\n", encoding="utf-8")
    elsewhere = str(tmp_path / "elsewhere")
    exported = {
        **dict.fromkeys(("ARGS", "DATE", "PYTHON", "BIN", "SOURCES", "UV", "UV_VERSION"), "nothing"),
        **dict.fromkeys(("OUTPUT", "UV_PROJECT_ENVIRONMENT", "UV_CONFIG_FILE", "UV_CONSTRAINT"), elsewhere),
        **dict.fromkeys(("PIP_TARGET", "PIP_PREFIX", "PIP_CONSTRAINT", "PYTHONHOME", "VIRTUAL_ENV"), elsewhere),
        **dict.fromkeys(("UV_NO_DEV", "UV_FROZEN", "UV_SYSTEM_PYTHON", "UV_NO_CONFIG", "UV_REQUIRE_HASHES"), "1"),
        **dict.fromkeys(("PIP_USER", "PIP_REQUIRE_VIRTUALENV", "PIP_REQUIRE_HASHES", "PIP_DRY_RUN"), "1"),
        **dict.fromkeys(("PYTHONOPTIMIZE", "PYTHONSAFEPATH", "PYTHONNOUSERSITE"), "2"),
        "UV_EXCLUDE_NEWER": "2015-01-01",
        "UV_PYTHON": "2.7",
        "PYTHONPATH": str(tmp_path / "modules"),
        "PYTHONWARNINGS": "error",
        "framework": "flask",
    }
    Project(folder).run("make", "new", "ARGS=--no-input", more={**exported, **home})
    assert Project(folder.parent / "example-service").contents() == bakery.bake().contents()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["checkout", "modules"]


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("exit 1", "is missing or older than 3.11: name a newer one, like make PYTHON=python3.12 new"),
        ('case "$2" in *venv*) exit 1;; esac', "cannot make virtual environments: install its venv module"),
    ],
)
def test_an_unfit_python_gets_one_clear_message(
    snapshot: Path, tmp_path: Path, home: dict[str, str], script: str, message: str
) -> None:
    folder = tmp_path / "template"
    subprocess.run(["git", "clone", "--quiet", snapshot, folder], env=environment(), check=True)
    python = tmp_path / "python3"
    python.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    python.chmod(0o755)
    done = Project(folder).run("make", "new", f"PYTHON={python}", "ARGS=--no-input", check=False, more=home)
    assert done.returncode != 0
    assert [line for line in done.stdout.splitlines() if not line.startswith("make")] == [
        line for line in done.stdout.splitlines() if message in line
    ]
    assert message in done.stdout


def test_an_index_that_offers_nothing_is_told_with_what_may_be_the_cause(
    snapshot: Path, tmp_path: Path, home: dict[str, str]
) -> None:
    folder = tmp_path / "template"
    subprocess.run(["git", "clone", "--quiet", snapshot, folder], env=environment(), check=True)
    Project(folder).run("make", ".venv/.uv")
    done = Project(folder).run("make", "new", check=False, more={**home, "UV_DEFAULT_INDEX": tmp_path.as_uri()})
    assert done.returncode != 0
    assert "Where the index gives no upload dates, delete exclude-newer in pyproject.toml." in done.stdout


def test_help_names_every_command(clone: Project) -> None:
    printed = clone.run("make").stdout
    assert "\x1b" not in printed
    for target in ("new", "test", "lint", "format", "bench", "date", "canary", "clean"):
        assert f"\n{target} " in printed
