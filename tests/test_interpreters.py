"""The generated suite holds in random order, on two workers, with warnings as errors, on each interpreter found."""

import re
from collections.abc import Callable
from pathlib import Path

from bakery import Answers, Bakery, Project
from interpreters import interpreters, uv
from overlay import laid

LEAST_COVERAGE = 95
STRICT = ("-n2", "-W", "error", "-p", "no:cacheprovider", "-q")


def test_the_suite_is_green_on_every_interpreter(bakery: Bakery, tmp_path: Path, figures: list[str]) -> None:
    project = bakery.bake_into(tmp_path)
    found = interpreters()
    assert found
    for version, python in found.items():
        place = {"UV_PROJECT_ENVIRONMENT": f".venv-{version}"}
        project.run(uv(), "sync", "--quiet", "--python", python, more=place)
        run = f".venv-{version}/bin/python"
        assert project.run(run, "-c", "import sys; print('%d.%d' % sys.version_info[:2])").stdout.strip() == version
        printed = project.run(run, "-m", "pytest", *STRICT).stdout
        summary = printed.strip().splitlines()[-1]
        assert re.fullmatch(r"\d+ passed in .*", summary), printed
        figures.append(f"Python {version}, random order, -n2, -W error: {summary}")


def test_the_coverage_of_what_the_team_writes_holds(workshop: Callable[[Answers], Project]) -> None:
    printed = workshop({}).run("make", "coverage").stdout
    assert total(printed) >= LEAST_COVERAGE
    assert "/platform/web/" not in printed


def test_the_coverage_of_the_platform_holds_with_the_tests_of_its_insides(
    workshop: Callable[[Answers], Project], figures: list[str]
) -> None:
    project = workshop({})
    coverage = (".venv/bin/python", "-m", "coverage")
    with laid(project):
        project.run(*coverage, "erase")
        project.run(*coverage, "run", "-m", "pytest", "-q")
        project.run(*coverage, "combine", "--quiet")
        printed = project.run(*coverage, "report", "--omit=none", "--include=src/*").stdout
    assert "platform/web/component.py" in printed
    assert total(printed) >= LEAST_COVERAGE
    figures.append(f"coverage of src by lines and branches: {total(printed)} %")


def total(printed: str) -> int:
    """Return the percentage of a report of coverage."""
    line = next(line for line in printed.splitlines() if line.startswith("TOTAL"))
    return int(line.split()[-1].rstrip("%"))
