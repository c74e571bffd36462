"""Known failures of metrics in services and their tests: red on bare prometheus_client, green on ours.

A scenario is a test of one name in `scenarios/bare` and in `scenarios/ours`. The bare form uses prometheus_client and
pytest as they come, each test in a process of its own, and fails with what its marker says. The other form uses the
generated service, and runs within the generated suite, all in one process.
"""

import ast
import re
import shutil
import subprocess
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree as ET

import pytest
from bakery import Answers, Bakery, Project, environment

SCENARIOS = Path(__file__).parent / "scenarios"


def names(form: str) -> set[str]:
    """Return the scenarios of a form, as `file::test`."""
    return {
        f"{path.stem}::{node.name}"
        for path in (SCENARIOS / form).glob("test_*.py")
        for node in ast.parse(path.read_text(encoding="utf-8")).body
        if isinstance(node, ast.FunctionDef) and node.name.startswith("test_")
    }


class Outcome(NamedTuple):
    """How one test of a scenario ended."""

    status: str
    printed: str
    known_for: str


Outcomes = dict[str, list[Outcome]]


def run(python: Path, folder: Path, tests: str, report: Path, *options: str) -> Outcomes:
    """Run the tests of a form and return how each scenario ended."""
    command = [str(python), "-m", "pytest", "-q", "-p", "no:cacheprovider", f"--junitxml={report}", *options, tests]
    done = subprocess.run(
        command, cwd=folder, env=environment(), capture_output=True, text=True, check=False, timeout=300
    )
    assert report.exists(), done.stdout + done.stderr
    outcomes: Outcomes = defaultdict(list)
    for case in ET.parse(report).iter("testcase"):  # noqa: S314 - pytest wrote it just now
        failure = next(
            (found for tag in ("failure", "error", "skipped") if (found := case.find(tag)) is not None), None
        )
        scenario = f"{case.get('classname', '').rpartition('.')[2]}::{case.get('name', '').partition('[')[0]}"
        known_for = next((str(entry.get("value")) for entry in case.iter("property")), "")
        status, printed = (
            ("passed", "") if failure is None else (failure.tag, f"{failure.get('message')}\n{failure.text}")
        )
        outcomes[scenario].append(Outcome(status, printed, known_for))
    return outcomes


@pytest.fixture(scope="module")
def outcomes(
    workshop: Callable[[Answers], Project], bakery: Bakery, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Outcomes]:
    """Run both forms beside each other, with what the default service installs."""
    installed = workshop(bakery.distinct()[0])
    python = installed.path / ".venv" / "bin" / "python"
    folder = tmp_path_factory.mktemp("scenarios")
    shutil.copytree(installed.path / "tests", folder / "ours" / "tests")
    shutil.copy(installed.path / "pyproject.toml", folder / "ours")
    for form, tests in (("bare", folder / "bare"), ("ours", folder / "ours" / "tests")):
        shutil.copytree(SCENARIOS / form, tests / "scenarios")
        shutil.copy(SCENARIOS / "conftest.py", tests if form == "bare" else tests / "scenarios")
    (folder / "bare" / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    isolated = ("--forked", "-n2", "-p", "no:randomly", "--import-mode=importlib")
    with ThreadPoolExecutor() as both:
        bare = both.submit(run, python, folder / "bare", "scenarios", folder / "bare.xml", *isolated)
        ours = both.submit(run, python, folder / "ours", "tests/scenarios", folder / "ours.xml")
        return {"bare": bare.result(), "ours": ours.result()}


def test_every_scenario_has_both_forms_and_was_run(outcomes: dict[str, Outcomes]) -> None:
    assert names("bare") == names("ours") == outcomes["bare"].keys() == outcomes["ours"].keys()
    assert len(names("bare")) >= 40


@pytest.mark.parametrize("scenario", sorted(names("bare")))
def test_a_scenario_is_red_on_bare_prometheus_client_and_green_here(
    scenario: str, outcomes: dict[str, Outcomes]
) -> None:
    for outcome in outcomes["bare"][scenario]:
        assert outcome.status == "failure", outcome.printed
        assert re.search(outcome.known_for, outcome.printed), outcome.printed
        assert outcome.known_for
    assert {outcome.status for outcome in outcomes["ours"][scenario]} == {"passed"}, outcomes["ours"][scenario]
