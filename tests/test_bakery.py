"""What the template's own tests run, and that it sees the environment of a newcomer."""

import os
import subprocess
import sys
from itertools import combinations, product
from pathlib import Path

from bakery import PAIRED, ROOT, Bakery, questions

OUTER = """
test:
	@"{python}" -c 'from bakery import Path, Project; print(Project(Path("{inner}")).run("make").stdout)'
"""
INNER = """
all:
	@echo "ARGS=[$(ARGS)] PYTHON=[$(PYTHON)] overrides=[$(MAKEOVERRIDES)] flags=[$(MAKEFLAGS)] level=[$(MAKELEVEL)]"
"""


def test_what_make_was_given_does_not_reach_a_projects_make(tmp_path: Path) -> None:
    (tmp_path / "outer.mk").write_text(OUTER.format(python=sys.executable, inner=tmp_path), encoding="utf-8")
    (tmp_path / "Makefile").write_text(INNER, encoding="utf-8")
    printed = subprocess.run(
        ["make", "--silent", "--file", "outer.mk", "ARGS=-k nothing", "PYTHON=nobody"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests")},
        check=True,
        capture_output=True,
        text=True,
    ).stdout
    assert printed.strip() == "ARGS=[] PYTHON=[] overrides=[] flags=[] level=[0]"


def test_every_two_answers_meet_in_a_variant_that_is_run(bakery: Bakery) -> None:
    run = bakery.distinct()
    for pair in combinations(("framework", *PAIRED), 2):
        wanted = set(product(*(questions()[name] for name in pair)))
        assert {tuple(answers[name] for name in pair) for answers in run} == wanted
