"""Copies of a project that may be changed, and the process in each that tries changes."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

from bakery import environment

HERE = Path(__file__).parent
SETTINGS = """[run]
source_pkgs = example_service
parallel = true
patch =
    _exit
    subprocess
data_file = {folder}/data
"""

Change = dict[str, Any]


class Sandbox:
    """A copy of the project, and the commands that run in it with the project's own interpreter."""

    def __init__(self, project: Path, folder: Path, python: Path) -> None:
        self.path = folder
        self.python = python
        shutil.copytree(project, folder, ignore=shutil.ignore_patterns(".venv"))

    def environment(self, **more: str) -> dict[str, str]:
        """Return one in which this copy is the installed package."""
        return environment(PYTHONPATH=os.pathsep.join(map(str, (self.path / "src", self.path, HERE))), **more)

    def watch(self, report: Path) -> None:
        """Run the suite once under coverage, and compile everything on the way."""
        folder = self.path.with_suffix(".lines")
        folder.mkdir()
        settings = folder / "settings"
        settings.write_text(SETTINGS.format(folder=folder), encoding="utf-8")
        self._pytest(
            ["-m", "coverage", "run", f"--rcfile={settings}", "-m", "pytest", "-p", "watch", "-p", "no:randomly"],
            self.environment(MUTANTS_SOURCE=str(self.path / "src"), MUTANTS_REPORT=str(report)),
        )

    def collect(self) -> None:
        """Have pytest compile everything for the trials."""
        self._pytest(["-m", "pytest", "--collect-only"], self.environment())

    def _pytest(self, options: list[str], own: dict[str, str]) -> None:
        done = subprocess.run(
            ["nice", self.python, *options, "-q", "-p", "no:cacheprovider"],
            cwd=self.path,
            env=own,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            sys.exit(f"the tests fail before anything is changed:\n{done.stdout}")


class Trials:
    """The process that tries changes in one copy, answer by answer."""

    def __init__(self, sandbox: Sandbox, tests: Path) -> None:
        self._output = sandbox.path.with_suffix(".output")
        self._process = subprocess.Popen(
            ["nice", sandbox.python, HERE / "trial.py", tests],
            cwd=sandbox.path,
            env=sandbox.environment(MUTANTS_OUTPUT=str(self._output), PYTHONDONTWRITEBYTECODE="1"),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            start_new_session=True,  # an interrupt from the terminal is for the one that asks
        )

    def attempt(self, change: Change, limits: dict[str, float]) -> tuple[str, str]:
        """Say how the tests ended, and at which of them."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(json.dumps({**change, "tests": limits}), file=self._process.stdin, flush=True)
        ended, at = json.loads(self._process.stdout.readline())
        return ended, at

    def check(self, change: Change, limits: dict[str, float]) -> None:
        """Run these tests with nothing changed, as they will be run with changes."""
        ended, at = self.attempt({**change, "start": 0, "end": 0, "put": ""}, limits)
        if ended != "survived":
            sys.exit(f"{at} {ended} with nothing changed:\n{self._output.read_text(encoding='utf-8')}")

    def end(self) -> None:
        """Stop, whatever is under way."""
        self._process.terminate()
        self._process.wait()
