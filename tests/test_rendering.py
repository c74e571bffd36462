"""Every variant, as rendered, is clean: complete, parsed, formatted and free of the template's own marks."""

import ast
import json
import re
import tomllib
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from bakery import ROOT, Answers, Bakery, Project
from cookiecutter.main import cookiecutter
from interpreters import uv
from server import serving

LEFT_OVER = re.compile(
    r"\{\{-?\s*_?cookiecutter|\{%[-+]?\s*(if|else|elif|endif|for|endfor|set|raw|endraw|now)\b|^(?:#|<!--) parts: ",
    re.MULTILINE,
)
LONGEST = "a_package_whose_name_is_forty_characters"
NAMES = ["a", "z", "aaa", "zzz", LONGEST, "zz" + LONGEST[2:]]
LONG_SLUG = "a-slug-of-more-than-forty-characters-that-its-package-cannot"


def python_files(project: Project) -> list[Path]:
    return [path for path in project.files() if path.suffix == ".py"]


def is_formatted_and_lint_clean(project: Project) -> None:
    """Check a project with the linter that its lock would choose, and its own settings."""
    ruff = str(ROOT / ".venv/bin/ruff")
    number, printed = project.run(ruff, "format", "--no-cache", "--check", ".").stdout.split(maxsplit=1)
    assert int(number) >= len(python_files(project)) > 0
    assert printed == "files already formatted\n"
    assert project.run(ruff, "check", "--no-cache", ".").stdout == "All checks passed!\n"


def test_no_mark_of_the_template_is_left(bakery: Bakery, variant: Answers) -> None:
    project = bakery.bake(variant)
    for path in project.files():
        assert not LEFT_OVER.search(path.as_posix())
        assert not (found := LEFT_OVER.search(project.text(path))), f"{path}: {found}"


def test_no_file_is_empty_and_no_folder_is_left_over(bakery: Bakery, variant: Answers) -> None:
    project = bakery.bake(variant)
    assert [path for path in project.files() if not project.text(path).strip() and path.name != "py.typed"] == []
    assert not (project.path / "options").exists()
    folders = {path for path in project.path.rglob("*") if path.is_dir() and ".git" not in path.parts}
    assert folders == {project.path / parent for path in project.files() for parent in path.parents[:-1]}


def test_lines_end_with_one_line_feed(bakery: Bakery, variant: Answers) -> None:
    for name, content in bakery.bake(variant).contents().items():
        if name.endswith(".png"):
            continue
        assert b"\r" not in content, name
        assert not content or (content.endswith(b"\n") and not content.endswith(b"\n\n")), name


def test_every_python_file_compiles(bakery: Bakery, variant: Answers) -> None:
    project = bakery.bake(variant)
    assert python_files(project)
    for path in python_files(project):
        tree = ast.parse(project.text(path), filename=str(path), feature_version=(3, 11))
        compile(tree, str(path), "exec", dont_inherit=True)


def test_no_two_test_modules_have_one_name(bakery: Bakery, variant: Answers) -> None:
    """Tools that know modules by name alone take them: `mypy tests`, pytest's older ways to import."""
    modules = [path for path in bakery.bake(variant).files() if path.parts[0] == "tests" and path.suffix == ".py"]
    names = Counter(path.name for path in modules)
    assert [name for name, times in names.items() if times > 1] == []


def test_every_toml_yaml_and_json_file_parses(bakery: Bakery, variant: Answers) -> None:
    project = bakery.bake(variant)
    parsers: dict[str, Callable[[str], object]] = {
        ".toml": tomllib.loads,
        ".json": json.loads,
        ".yaml": yaml.safe_load,
        ".yml": yaml.safe_load,
    }
    parsed = {path: parsers[path.suffix](project.text(path)) for path in project.files() if path.suffix in parsers}
    assert all(parsed.values())
    assert Path("pyproject.toml") in parsed


def test_it_is_formatted_and_lint_clean(bakery: Bakery, variant: Answers) -> None:
    is_formatted_and_lint_clean(bakery.bake(variant))


@pytest.mark.parametrize("package", NAMES)
def test_it_is_formatted_and_lint_clean_whatever_the_packages_name(
    bakery: Bakery, distinct_variant: Answers, package: str
) -> None:
    is_formatted_and_lint_clean(bakery.bake({**distinct_variant, "package_name": package}))


@pytest.mark.parametrize("number", range(len(NAMES) + 1), ids=[*NAMES, "long slug"])
def test_it_runs_whatever_the_packages_name(bakery: Bakery, tmp_path: Path, number: int) -> None:
    variants = bakery.distinct()
    named = {"package_name": NAMES[number]} if number < len(NAMES) else {"project_slug": LONG_SLUG}
    project = bakery.bake_into(tmp_path, {**variants[number % len(variants)], **named})
    project.run("make", "setup", f"UV={uv()}")
    assert project.run(".venv/bin/python", "-m", project.answers["package_name"], "--version").stdout == "0.1.0\n"
    with serving(project) as server:
        server.send("GET", "/api/bookmarks", "/api/bookmarks", 200)
        assert [sample.value for sample in server.scrape()["http_requests"].samples] == [1.0]


def test_its_tests_and_hooks_are_green_though_the_package_is_not_called_as_the_slug(
    bakery: Bakery, tmp_path: Path
) -> None:
    project = bakery.bake_into(tmp_path, {"project_slug": LONG_SLUG})
    assert project.answers["package_name"] == "a_slug_of_more_than_forty_characters_tha"
    project.run("make", "setup", f"UV={uv()}")
    project.run("make", "test")
    project.run("git", "add", "--all")
    project.run("make", "lint")


def test_the_same_answers_give_the_same_bytes(bakery: Bakery, tmp_path: Path, distinct_variant: Answers) -> None:
    assert bakery.bake_into(tmp_path, distinct_variant).contents() == bakery.bake(distinct_variant).contents()


def test_a_licence_of_its_own_in_every_variant(bakery: Bakery, variant: Answers) -> None:
    project = bakery.bake({**variant, "author_name": "Ada Lovelace"})
    answer, licence = project.answers["license"], project.text("LICENSE")
    assert ("Apache License" if answer == "Apache-2.0" else "Copyright (c) Ada Lovelace") in licence
    spdx = tomllib.loads(project.text("pyproject.toml"))["project"]["license"]
    assert spdx == answer.replace("Proprietary", "LicenseRef-Proprietary")


def test_a_replay_gives_the_same_bytes(bakery: Bakery, tmp_path: Path) -> None:
    project = bakery.bake_into(tmp_path / "first", {"project_name": "Orders & <API> {}", "license": "BSD-3-Clause"})
    answers = tmp_path / "answers.json"
    answers.write_text(json.dumps({"cookiecutter": project.answers}), encoding="utf-8")
    again = cookiecutter(str(ROOT), replay=str(answers), output_dir=str(tmp_path), config_file=str(bakery.config))
    assert Project(Path(again)).contents() == project.contents()
