"""No package hides a module that the service imports, no distribution a library or a command that it installs."""

import ast
import json
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterable
from pathlib import Path

import pytest
from bakery import ROOT, Answers, Bakery, Project
from interpreters import interpreters
from jinja2 import Environment

PROGRAM = """
import json, runpy, sys
hook = runpy.run_path(sys.argv[1])
def is_accepted(name):
    slug = name.replace("_", "-")
    answers = {"package_name": name, "project_slug": slug}
    return not list(hook[sys.argv[2]](answers))
print(json.dumps([name for name in json.load(sys.stdin) if is_accepted(name)]))
"""
MODULES = """
import json, pkgutil, sys, sysconfig
folders = [sysconfig.get_path(name) for name in ("stdlib", "platstdlib")]
folders.append(sysconfig.get_path("platstdlib") + "/lib-dynload")
found = {module.name for module in pkgutil.iter_modules(folders)}
print(json.dumps(sorted(found | set(sys.builtin_module_names) | sys.stdlib_module_names)))
"""
INSTALLED = """
import json, pathlib, sysconfig
names = [path.name for path in pathlib.Path(sysconfig.get_path("purelib")).iterdir()]
print(json.dumps([name.partition(".")[0] for name in names if not name.endswith((".dist-info", ".pth"))]))
"""

Accepted = Callable[..., set[str]]


@pytest.fixture(scope="module")
def hook(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the hook that looks at the answers, as Cookiecutter would render it."""
    template = Environment(autoescape=False).from_string((ROOT / "hooks/pre_gen_project.py").read_text("utf-8"))  # noqa: S701 - Python
    path = tmp_path_factory.mktemp("hook") / "pre_gen_project.py"
    path.write_text(template.render(cookiecutter={}, template_folder=lambda: str(ROOT)), encoding="utf-8")
    return path


def answer(python: str | Path, program: str, *arguments: str | Path, given: object = None) -> list[str]:
    """Return the list that a program in some Python writes."""
    command = [python, "-I", "-c", program, *arguments]
    done = subprocess.run(command, input=json.dumps(given), capture_output=True, text=True, check=True)
    names = json.loads(done.stdout)
    assert isinstance(names, list)
    return names


@pytest.fixture(scope="module")
def accepted(hook: Path) -> Accepted:
    """Return the function that names the packages that would be accepted, or the slugs."""

    def of(names: Iterable[str], what: str = "package_name_can_be_imported", python: str = sys.executable) -> set[str]:
        names = sorted(names)
        assert names
        return set(answer(python, PROGRAM, hook, what, given=names))

    return of


def slugs(names: Iterable[str]) -> set[str]:
    """Return the names that are slugs; others are refused for their form, when the question is asked."""
    names = {re.sub("[-_.]+", "-", name.lower()) for name in names}
    return {name for name in names if re.fullmatch("[a-z][a-z0-9]*(-[a-z0-9]+)*", name)}


def test_a_name_that_nothing_has_is_accepted(accepted: Accepted) -> None:
    names = {"orders", "orders_api", "bookmarks", "a"}
    assert accepted(names) == accepted(names, "slug_hides_no_library") == names


def test_no_package_hides_the_standard_library_of_any_python_wherever_it_is_generated(accepted: Accepted) -> None:
    pythons = interpreters().values()
    modules = {name for python in pythons for name in answer(python, MODULES)}
    assert {"test", "idlelib", "distutils", "tomllib", "json"} <= modules
    for python in pythons:
        assert accepted(modules, python=python) == set()


def test_no_package_hides_what_is_installed_beside_it(
    accepted: Accepted, workshop: Callable[[Answers], Project], distinct_variant: Answers
) -> None:
    project = workshop(distinct_variant)
    assert accepted(answer(project.path / ".venv/bin/python", INSTALLED)) == set()


def test_no_slug_is_that_of_a_distribution_in_the_lock(
    accepted: Accepted, workshop: Callable[[Answers], Project], distinct_variant: Answers
) -> None:
    locked = tomllib.loads(workshop(distinct_variant).text("uv.lock"))["package"]
    names = slugs(package["name"] for package in locked)
    assert accepted(names, "slug_hides_no_library") == {"example-service"}


def test_no_slug_is_that_of_a_command_beside_it(
    accepted: Accepted, workshop: Callable[[Answers], Project], distinct_variant: Answers
) -> None:
    commands = (workshop(distinct_variant).path / ".venv/bin").iterdir()
    names = slugs(command.name for command in commands if "." not in command.name)
    assert accepted(names, "slug_hides_no_library") == {"example-service"}


def test_no_package_hides_a_file_of_the_project(accepted: Accepted, bakery: Bakery, distinct_variant: Answers) -> None:
    project = bakery.bake(distinct_variant)
    folders = tomllib.loads(project.text("pyproject.toml"))["tool"]["pytest"]["ini_options"]["pythonpath"]
    found = [path for folder in (".", *folders) for path in (project.path / folder).iterdir()]
    assert accepted(path.stem for path in found) == set()


def test_no_package_hides_what_a_file_of_the_project_imports(
    accepted: Accepted, bakery: Bakery, distinct_variant: Answers
) -> None:
    project = bakery.bake(distinct_variant)
    imported = set()
    for path in project.files():
        for node in ast.walk(ast.parse(project.text(path))) if path.suffix == ".py" else ():
            if isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                imported.add(node.module.partition(".")[0])
    assert accepted(imported) == {"example_service"}


def test_git_and_the_linter_pass_over_no_package(accepted: Accepted, bakery: Bakery) -> None:
    project = bakery.bake()
    settings = project.run(str(ROOT / ".venv/bin/ruff"), "check", "--no-cache", "--show-settings", "src").stdout
    excluded = re.findall(r'"(.+)"', settings.partition("file_resolver.exclude = [")[2].partition("]")[0])
    ignored = [line.strip("/") for line in project.text(".gitignore").splitlines()]
    assert accepted({*excluded, *ignored}) == set()
