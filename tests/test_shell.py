"""Whatever the developer's shell exports, a project is set up and tested alike; what is broken is said."""

import re
from pathlib import Path

import pytest
from bakery import Bakery, Project
from interpreters import uv

UV = f"UV={uv()}"
# None of these says where packages come from.
HOSTILE = {
    "UV_PROJECT_ENVIRONMENT": "elsewhere",
    "UV_NO_DEV": "1",
    "UV_FROZEN": "1",
    "UV_NO_EDITABLE": "1",
    "UV_NO_CONFIG": "1",
    "UV_EXCLUDE_NEWER": "2020-01-01",
    "UV_PYTHON": "no-such-python",
    "PIP_TARGET": "elsewhere",
    "PIP_USER": "1",
    "VIRTUAL_ENV": "/nowhere",
    "PYTHONHOME": "/nowhere",
    "PYTHONPATH": "/nowhere",
    "PYTHONOPTIMIZE": "2",
    "PYTHONWARNINGS": "error",
    "PYTEST_ADDOPTS": "-k nothing",
    "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",
    "PROMETHEUS_MULTIPROC_DIR": "/nowhere",
    "ENV_FILE": "/nowhere",
    "GUNICORN_CMD_ARGS": "--bind=nowhere --log-level=nothing",
    "WEB_CONCURRENCY": "7",
    "FORWARDED_ALLOW_IPS": "nobody",
    "FLASK_APP": "nowhere",
    "FLASK_DEBUG": "1",
    "DJANGO_SETTINGS_MODULE": "nowhere",
    "PGHOST": "nowhere",
    "PGSERVICE": "nowhere",
    "TZ": "Pacific/Kiritimati",
    "COLUMNS": "20",
    "LINES": "2",
    "NO_COLOR": "1",
    "FORCE_COLOR": "1",
    "PY_COLORS": "1",
    "CI": "true",
    "EDITOR": "false",
    "LC_ALL": "C",
} | dict.fromkeys(("http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "ALL_PROXY"), "http://192.0.2.1:9")


@pytest.fixture
def project(bakery: Bakery, tmp_path: Path) -> Project:
    """Return a project of its own for the test."""
    return bakery.bake_into(tmp_path)


def test_whatever_is_exported_the_set_up_and_the_tests_are_the_same(project: Project) -> None:
    quiet = project.run("make", "test", UV).stdout
    shown = project.run(".venv/bin/python", "-m", "example_service", "config", "show").stdout
    settings = {line.split()[0]: "no such value" for line in shown.splitlines()} | {"LOG_LEVEL": "WARNING"}
    assert {"PORT", "DATABASE_URL", "METRICS_ENABLED", "COLLECT_HTTP_METRICS"} <= settings.keys()
    project.run("rm", "-rf", ".venv")
    # Where packages come from stays as it is: a proxy that nobody answers would be asked for them.
    proxies = {name: value for name, value in HOSTILE.items() if name.lower().endswith("_proxy")}
    project.run("make", "setup", more={**settings, **HOSTILE, **dict.fromkeys(proxies, "")})
    assert not (project.path / "elsewhere").exists()
    loud = project.run("make", "test", more={**settings, **HOSTILE}).stdout
    # In colours, if the shell wants them; the last line says how many passed.
    last = [re.sub(r"\x1b\[[\d;]*m", "", output).splitlines()[-1] for output in (quiet, loud)]
    passed, again = (re.findall(r"(\d+) passed in", line) for line in last)
    assert passed == again != []


@pytest.mark.parametrize("broken", ["bin/python", "pyvenv.cfg", "lib", "bin", "."])
def test_a_broken_environment_is_renewed_or_said_to_be_broken(project: Project, broken: str) -> None:
    project.run("make", "setup", UV)
    project.run("rm", "-rf", f".venv/{broken}" if broken != "." else ".venv")
    again = project.run("make", "setup", check=False)
    if again.returncode:
        assert ".venv is broken: run make clean, then again" in again.stdout
        project.run("make", "clean", "setup", UV)
    project.run(".venv/bin/python", "-c", "import pytest, example_service")


def test_lint_looks_at_files_that_git_does_not_track_yet(project: Project) -> None:
    (project.path / "src/example_service/new.py").write_text("import os\n", encoding="utf-8")
    done = project.run("make", "lint", UV, check=False)
    assert done.returncode
    assert "D100 Missing docstring in public module" in done.stdout


@pytest.mark.parametrize("outside", [False, True], ids=["no repository", "inside another"])
def test_lint_says_what_to_do_where_no_repository_has_its_root(project: Project, outside: bool) -> None:  # noqa: FBT001
    project.run("rm", "-rf", ".git")
    if outside:
        Project(project.path.parent).run("git", "init", "--quiet")
    done = project.run("make", "lint", UV, check=False)
    assert done.returncode
    assert "run git init && git add --all" in done.stdout


def test_pytest_itself_finds_the_tests_that_make_test_runs_from_every_folder(project: Project) -> None:
    project.run("make", "setup", UV)
    found = [project.run("make", "test", "ARGS=--collect-only --quiet -n0").stdout]
    for folder in (".", "tests/platform", ".."):
        collect = f'cd {folder} && "{project.path}/.venv/bin/pytest" --collect-only --quiet "{project.path}/tests"'
        found.append(project.run("sh", "-c", collect).stdout)
    counts = {re.findall(r"^(\d+) tests collected", output, re.MULTILINE)[0] for output in found}
    assert len(counts) == 1, found


def test_what_the_commands_leave_behind_breaks_no_test(project: Project) -> None:
    project.run("make", "setup", "secrets", "db-upgrade", UV)
    project.run(uv(), "build", "--quiet")
    assert (project.path / "secrets").is_dir()
    assert (project.path / "dist").is_dir()
    project.run("make", "test")


def test_each_test_may_run_in_a_process_of_its_own(project: Project) -> None:
    project.run("make", "setup", UV)
    project.run(".venv/bin/pytest", "--forked", "tests/bookmarks/test_bookmarks.py")


def test_coverage_is_that_of_the_teams_code_in_a_folder_of_any_name(bakery: Bakery, tmp_path: Path) -> None:
    folder = tmp_path / "it's [50 %] ü"
    folder.mkdir()
    bakery.bake_into(folder).run("make", "coverage", UV)
