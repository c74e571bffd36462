"""The platform's insides keep their promises in every variant; a service does not inherit these tests."""

import re
from collections.abc import Callable

from bakery import Answers, Project
from overlay import laid


def test_the_machinery_of_every_variant(
    workshop: Callable[[Answers], Project], distinct_variant: Answers, figures: list[str]
) -> None:
    project = workshop(distinct_variant)
    with laid(project):
        project.run(".venv/bin/ruff", "format", "--check", "tests")
        project.run(".venv/bin/ruff", "check", "tests")
        output = project.run("make", "test", "ARGS=tests/machinery").stdout
    summary = next(line for line in reversed(output.splitlines()) if re.search(r"\d+ passed", line))
    assert not re.search(r"skipped|xfailed|xpassed|deselected|warning", summary)
    figures.append(f"machinery: {summary.strip('= ')}")
